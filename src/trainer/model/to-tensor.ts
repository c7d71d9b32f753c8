import { Tensor, tensor } from '@tensorflow/tfjs-core';
import type { BatchValues } from './trainable-model.js';

/** A tensor of a batch's values; a tensor is itself. Whole numbers of a plain array are int32, where all have room there. */
export function toTensor(values: BatchValues): Tensor {
  if (values instanceof Tensor) return values;
  if (values instanceof Float32Array) return tensor(values.slice(), [values.length], 'float32');
  if (values instanceof Int32Array) return tensor(values.slice(), [values.length], 'int32');
  if (values instanceof Uint8Array) return tensor(Int32Array.from(values), [values.length], 'int32');
  return tensor(values as number[], undefined, allWhole(values) ? 'int32' : 'float32');
}

function allWhole(values: unknown): boolean {
  return Array.isArray(values) ? values.every(allWhole) : isInt32(values);
}

/** Whether it is a whole number that int32 has room for: a larger one would come out as another. */
export function isInt32(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
}
