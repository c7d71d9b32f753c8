import { keep, type Tensor, type TypedArray } from '@tensorflow/tfjs-core';
import { orLost } from './or-lost.js';

/**
 * The values of a tensor, when its device has them. The tensor is given away: it is held until then, whatever tidy it was
 * made in, since WebGPU looks it up once more, and is disposed.
 */
export async function readLater(tensor: Tensor): Promise<TypedArray> {
  keep(tensor);
  try {
    return (await orLost(tensor.data())) as TypedArray;
  } finally {
    tensor.dispose();
  }
}

/** The values of a tensor at once, where that has to be: the device is waited for. It is disposed. */
export function readNow(tensor: Tensor): TypedArray {
  try {
    return tensor.dataSync() as TypedArray;
  } finally {
    tensor.dispose();
  }
}
