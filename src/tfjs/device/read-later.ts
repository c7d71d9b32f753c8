import { keep, type Tensor } from '@tensorflow/tfjs-core';

/**
 * The values of a tensor, when its device has them. The tensor is the caller's to give away: it is held until then,
 * whatever tidy it was made in, since WebGPU looks it up again, and it is disposed.
 */
export async function readLater(tensor: Tensor): Promise<ArrayLike<number>> {
  keep(tensor);
  try {
    return (await tensor.data()) as ArrayLike<number>;
  } finally {
    tensor.dispose();
  }
}
