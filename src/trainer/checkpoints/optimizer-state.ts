import type { Optimizer } from '@tensorflow/tfjs-core';
import type { NamedParameter } from '../../tfjs/parameter-names.js';
import { AdamW, type AdamWMoments } from '../optimizer/adamw.js';
import { float32Tensor, type Safetensors, type SafetensorsTensor, toFloat32 } from '../safetensors.js';
import { CheckpointError } from './checkpoint.js';
import { isOfTfTrain, readSlots, writeSlots } from './optimizer-slots-state.js';
import { readOptimizerWeights, writeOptimizerWeights } from './optimizer-weights-state.js';

/** What an optimizer remembers: by the names of the parameters, where it is one that is known. */
export async function readOptimizer(optimizer: Optimizer, parameters: readonly NamedParameter[]): Promise<Safetensors> {
  const { tensors, metadata } = await read(optimizer, parameters);
  return { tensors, metadata: { optimizer: optimizer.getClassName(), ...metadata } };
}

/** @throws TypeError for an optimizer of someone else's that cannot say what it remembers. */
export async function checkSavable(optimizer: Optimizer): Promise<void> {
  if (optimizer instanceof AdamW || isOfTfTrain(optimizer)) return;
  const [iterations] = await optimizer.getWeights().catch((cause) => {
    throw new TypeError(
      `optimizer: expected one whose state can be saved in checkpoints, got ${optimizer.getClassName()} (${cause.message}); give it getWeights() and setWeights(), or set saveOnlyModel or saveStrategy "no"`,
    );
  });
  iterations?.tensor.dispose();
}

/** @throws CheckpointError for the memory of another optimizer, or of other parameters. */
export async function writeOptimizer(
  optimizer: Optimizer,
  parameters: readonly NamedParameter[],
  saved: Safetensors,
  file: string,
): Promise<void> {
  const kind = optimizer.getClassName();
  if (saved.metadata.optimizer !== kind) {
    throw new CheckpointError(
      `${file}: expected what ${kind} remembers, got what ${saved.metadata.optimizer ?? 'another program'} does; resume with the optimizer the run began with`,
    );
  }
  if (optimizer instanceof AdamW) writeAdamW(optimizer, parameters, saved, file);
  else if (isOfTfTrain(optimizer)) writeSlots(optimizer, parameters, saved, file);
  else await writeOptimizerWeights(optimizer, saved);
}

function read(optimizer: Optimizer, parameters: readonly NamedParameter[]): Safetensors | Promise<Safetensors> {
  if (optimizer instanceof AdamW) return readAdamW(optimizer, parameters);
  return isOfTfTrain(optimizer) ? readSlots(optimizer, parameters) : readOptimizerWeights(optimizer);
}

const FIRST = 'exp_avg';
const SECOND = 'exp_avg_sq';

function readAdamW(optimizer: AdamW, parameters: readonly NamedParameter[]): Safetensors {
  const state = optimizer.state();
  const tensors = new Map<string, SafetensorsTensor>();
  const steps: Record<string, number> = {};
  for (const { name, variable } of parameters) {
    const moments = state.get(variable.name);
    if (!moments) continue;
    steps[name] = moments.step;
    tensors.set(`${FIRST}.${name}`, float32Tensor(moments.first, moments.shape));
    tensors.set(`${SECOND}.${name}`, float32Tensor(moments.second, moments.shape));
  }
  return { tensors, metadata: { steps: JSON.stringify(steps) } };
}

function writeAdamW(
  optimizer: AdamW,
  parameters: readonly NamedParameter[],
  { tensors, metadata }: Safetensors,
  file: string,
): void {
  const steps = JSON.parse(metadata.steps ?? '{}') as Record<string, number>;
  const variables = new Map(parameters.map(({ name, variable }) => [name, variable]));
  const state = new Map<string, AdamWMoments>();
  for (const [name, step] of Object.entries(steps)) {
    const [first, second] = [tensors.get(`${FIRST}.${name}`), tensors.get(`${SECOND}.${name}`)];
    const variable = variables.get(name);
    if (!first || !second || !variable) {
      throw new CheckpointError(`${file}: expected both moments of parameters of this model, got not those of ${name}`);
    }
    const values = { first: toFloat32(first, name), second: toFloat32(second, name) };
    state.set(variable.name, { step, shape: first.shape, ...values });
  }
  optimizer.restore(state);
}
