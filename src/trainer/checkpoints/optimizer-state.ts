import type { Optimizer } from '@tensorflow/tfjs-core';
import type { NamedParameter } from '../../tfjs/index.js';
import { AdamW, type AdamWMoments } from '../optimizer/adamw.js';
import { float32Tensor, type Safetensors, type SafetensorsTensor, toFloat32 } from '../safetensors.js';
import { expectIn, recordIn } from './check-checkpoint.js';
import { CheckpointError } from './checkpoint.js';
import { checkSlots, isOfTfTrain, readSlots, writeSlots } from './optimizer-slots-state.js';
import { checkOptimizerWeights, readOptimizerWeights, writeOptimizerWeights } from './optimizer-weights-state.js';
import { fits } from './weights.js';

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

/**
 * Look at what an optimizer is to remember, and give what makes it remember that: nothing is changed before.
 *
 * @throws CheckpointError for the memory of another optimizer, of other parameters, or of more steps than were made.
 */
export function preparedOptimizer(
  optimizer: Optimizer,
  parameters: readonly NamedParameter[],
  saved: Safetensors,
  file: string,
  globalStep: number,
): () => void | Promise<void> {
  const kind = optimizer.getClassName();
  if (saved.metadata.optimizer !== kind) {
    throw new CheckpointError(
      `${file}: expected what ${kind} remembers, got what ${saved.metadata.optimizer ?? 'another program'} does; resume with the optimizer the run began with`,
    );
  }
  if (optimizer instanceof AdamW) {
    const state = adamWState(parameters, saved, file, globalStep);
    return () => optimizer.restore(state);
  }
  if (isOfTfTrain(optimizer)) {
    checkSlots(optimizer, parameters, saved, file);
    return () => writeSlots(optimizer, parameters, saved);
  }
  checkOptimizerWeights(saved, file);
  return () => writeOptimizerWeights(optimizer, saved);
}

function read(optimizer: Optimizer, parameters: readonly NamedParameter[]): Promise<Safetensors> {
  if (optimizer instanceof AdamW) return readAdamW(optimizer, parameters);
  return isOfTfTrain(optimizer) ? readSlots(optimizer, parameters) : readOptimizerWeights(optimizer);
}

const FIRST = 'exp_avg';
const SECOND = 'exp_avg_sq';

async function readAdamW(optimizer: AdamW, parameters: readonly NamedParameter[]): Promise<Safetensors> {
  const state = await optimizer.readState();
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

function adamWState(
  parameters: readonly NamedParameter[],
  { tensors, metadata }: Safetensors,
  file: string,
  globalStep: number,
): Map<string, AdamWMoments> {
  const steps = recordIn(metadata, 'steps', file);
  const known = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const state = new Map<string, AdamWMoments>();
  for (const [name, step] of Object.entries(steps)) {
    const isCount = Number.isSafeInteger(step) && (step as number) >= 1 && (step as number) <= globalStep;
    expectIn(file, `steps of ${name}`, isCount, `a whole number from 1 to global_step ${globalStep}`, step);
    const [first, second] = [tensors.get(`${FIRST}.${name}`), tensors.get(`${SECOND}.${name}`)];
    const parameter = known.get(name);
    if (!first || !second || !parameter || !fits(parameter, first) || !fits(parameter, second)) {
      throw new CheckpointError(
        `${file}: expected both moments of parameters of this model, in their shapes, got not those of ${name}`,
      );
    }
    const values = { first: toFloat32(first, name), second: toFloat32(second, name) };
    state.set(parameter.variable.name, { step: step as number, shape: first.shape, ...values });
  }
  for (const name of tensors.keys()) {
    const parameter = name.replace(/^exp_avg(_sq)?\./, '');
    expectIn(
      file,
      'steps',
      parameter in steps,
      `the steps of every parameter that has moments`,
      `none of ${parameter}`,
    );
  }
  return state;
}
