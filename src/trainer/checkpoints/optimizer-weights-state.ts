import { type Optimizer, tensor } from '@tensorflow/tfjs-core';
import type { Safetensors, SafetensorsTensor } from '../safetensors.js';
import { decodeTensor, encodeTensor } from './weights.js';

/** What an optimizer of someone else's says of itself by `getWeights()`, in its order. */
export async function readOptimizerWeights(optimizer: Optimizer): Promise<Safetensors> {
  const tensors = new Map<string, SafetensorsTensor>();
  const [iterations, ...weights] = await optimizer.getWeights();
  for (const [i, weight] of weights.entries()) tensors.set(weightName(i), await encodeTensor(weight.tensor));
  iterations?.tensor.dispose();
  const names = JSON.stringify(weights.map(({ name }) => name));
  return { tensors, metadata: { iterations: String(optimizer.iterations), names } };
}

/** Give it back by `setWeights()`. */
export async function writeOptimizerWeights(optimizer: Optimizer, { tensors, metadata }: Safetensors): Promise<void> {
  const names = JSON.parse(metadata.names ?? '[]') as string[];
  const iterations = { name: 'iter', tensor: tensor(Number(metadata.iterations), [], 'int32') };
  const weights = names.map((name, i) => ({ name, tensor: decodeTensor(tensors.get(weightName(i))!, name) }));
  await optimizer.setWeights([iterations, ...weights]);
  for (const { tensor } of [iterations, ...weights]) tensor.dispose();
}

const weightName = (index: number): string => `weight.${String(index).padStart(6, '0')}`;
