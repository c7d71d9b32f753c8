import { type Optimizer, type Tensor, tensor, Variable } from '@tensorflow/tfjs-core';
import type { NamedParameter } from '../../sources/parameter-names.js';
import { AdamW, type AdamWMoments } from '../optimizer/adamw.js';
import { float32Tensor, type Safetensors, type SafetensorsTensor, toFloat32 } from '../safetensors.js';
import { CheckpointError } from './checkpoint.js';

/** What an optimizer remembers, by the names of the parameters. */
export async function readOptimizer(optimizer: Optimizer, parameters: readonly NamedParameter[]): Promise<Safetensors> {
  const kind = optimizer.getClassName();
  if (optimizer instanceof AdamW) return readAdamW(optimizer, parameters, kind);
  const tensors = new Map<string, SafetensorsTensor>();
  const [iterations, ...weights] = await optimizer.getWeights();
  for (const [i, weight] of weights.entries()) tensors.set(weightName(i), await encode(weight.tensor));
  for (const [name, variable] of ownVariables(optimizer)) tensors.set(`own.${name}`, await encode(variable));
  iterations?.tensor.dispose();
  const names = JSON.stringify(weights.map(({ name }) => name));
  return { tensors, metadata: { optimizer: kind, iterations: String(optimizer.iterations), names } };
}

/** @throws TypeError for an optimizer that cannot say what it remembers: Adamax and Adadelta of tf.train cannot. */
export async function checkSavable(optimizer: Optimizer): Promise<void> {
  const [iterations] = await optimizer.getWeights().catch((cause) => {
    throw new TypeError(
      `optimizer: expected one whose state can be saved in checkpoints, got ${optimizer.getClassName()} (${cause.message}); set saveOnlyModel or saveStrategy "no", or use another`,
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
  else await writeAny(optimizer, saved);
}

const FIRST = 'exp_avg';
const SECOND = 'exp_avg_sq';

function readAdamW(optimizer: AdamW, parameters: readonly NamedParameter[], kind: string): Safetensors {
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
  return { tensors, metadata: { optimizer: kind, steps: JSON.stringify(steps) } };
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

const weightName = (index: number): string => `weight.${String(index).padStart(6, '0')}`;

/**
 * An optimizer of tf.train remembers by position. Its own `setWeights` computes some of what it remembers anew, with
 * another rounding; those variables are put back as they were.
 */
async function writeAny(optimizer: Optimizer, { tensors, metadata }: Safetensors): Promise<void> {
  const names = JSON.parse(metadata.names ?? '[]') as string[];
  const iterations = { name: 'iter', tensor: tensor(Number(metadata.iterations), [], 'int32') };
  const weights = names.map((name, i) => ({ name, tensor: decode(tensors.get(weightName(i))!) }));
  await optimizer.setWeights([iterations, ...weights]);
  for (const [name, variable] of ownVariables(optimizer)) {
    const saved = tensors.get(`own.${name}`);
    if (!saved) continue;
    const value = decode(saved);
    variable.assign(value);
    value.dispose();
  }
  for (const { tensor } of [iterations, ...weights]) tensor.dispose();
}

/** The variables that an optimizer holds in fields of its own, such as Adam's running powers of beta. */
function ownVariables(optimizer: Optimizer): [string, Variable][] {
  return Object.entries(optimizer).filter((entry): entry is [string, Variable] => entry[1] instanceof Variable);
}

async function encode(value: Tensor): Promise<SafetensorsTensor> {
  return float32Tensor(((await value.data()) as Float32Array).slice(), value.shape);
}

function decode(value: SafetensorsTensor): Tensor {
  return tensor(toFloat32(value).slice(), [...value.shape], 'float32');
}
