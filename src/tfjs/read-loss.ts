import { backend, type Scalar } from '@tensorflow/tfjs-core';
import { onDevice } from './on-device.js';

/** The loss as a number: now, or later where the device has to be waited for. */
export function readLoss(loss: number | Scalar): number | Promise<number> {
  if (typeof loss === 'number') return loss;
  if (!onDevice()) return loss.dataSync()[0] ?? Number.NaN;
  // The caller disposes the loss; the backend's read began before that and has its own hold on the data.
  return backend()
    .read(loss.dataId)
    .then((values) => Number((values as Float32Array)[0]));
}
