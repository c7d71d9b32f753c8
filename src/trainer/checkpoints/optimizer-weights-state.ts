import { dispose, type Optimizer, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Safetensors, SafetensorsTensor } from '../safetensors.js';
import { expectIn, parsed } from './check-checkpoint.js';
import { decodeTensor, encodeTensor } from './weights.js';

/** What an optimizer of someone else's says of itself by `getWeights()`, in its order. */
export async function readOptimizerWeights(optimizer: Optimizer): Promise<Safetensors> {
  const tensors = new Map<string, SafetensorsTensor>();
  const [iterations, ...weights] = await optimizer.getWeights();
  try {
    for (const [i, weight] of weights.entries()) tensors.set(weightName(i), await encodeTensor(weight.tensor));
  } finally {
    iterations?.tensor.dispose();
  }
  const names = JSON.stringify(weights.map(({ name }) => name));
  return { tensors, metadata: { iterations: String(optimizer.iterations), names } };
}

/** @throws CheckpointError for a list of names without their values. */
export function checkOptimizerWeights({ tensors, metadata }: Safetensors, file: string): void {
  const iterations = Number(metadata.iterations);
  const isCount = Number.isSafeInteger(iterations) && iterations >= 0;
  expectIn(file, 'iterations', isCount, 'a whole number of at least 0', metadata.iterations);
  const names = parsed(metadata.names);
  const isWhole =
    Array.isArray(names) && names.every((name, i) => typeof name === 'string' && tensors.has(weightName(i)));
  expectIn(file, 'names', isWhole, 'names that each have a tensor', metadata.names);
}

/** Give it back by `setWeights()`. */
export async function writeOptimizerWeights(optimizer: Optimizer, { tensors, metadata }: Safetensors): Promise<void> {
  const names = JSON.parse(metadata.names ?? '[]') as string[];
  const values: { readonly name: string; readonly tensor: Tensor }[] = [];
  try {
    values.push({ name: 'iter', tensor: tensor(Number(metadata.iterations), [], 'int32') });
    for (const [i, name] of names.entries()) {
      values.push({ name, tensor: decodeTensor(tensors.get(weightName(i))!, name) });
    }
    await optimizer.setWeights(values);
  } finally {
    dispose(values.map((value) => value.tensor));
  }
}

const weightName = (index: number): string => `weight.${String(index).padStart(6, '0')}`;
