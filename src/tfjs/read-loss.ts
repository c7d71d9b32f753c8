import { Tensor } from '@tensorflow/tfjs-core';
import { isPromiseLike } from '../run/index.js';
import { readLater } from './device/read.js';
import { share } from './held-tensors.js';
import { onDevice } from './on-device.js';

/** A loss, or undefined where none was shown. */
export type ShownLoss = number | undefined;

/**
 * The loss as a number: now, or later where the device has to be waited for. What is no loss, or was disposed, is undefined:
 * it never throws. On a device the value is held until it has been read.
 */
export function readLoss(loss: unknown): ShownLoss | Promise<ShownLoss> {
  if (typeof loss === 'number') return loss;
  if (isPromiseLike(loss)) return Promise.resolve(loss).then(readLoss, () => undefined);
  if (!(loss instanceof Tensor) || loss.isDisposed || loss.size !== 1) return undefined;
  return onDevice() ? readLater(share(loss)).then(([value]) => Number(value)) : Number(loss.dataSync()[0]);
}
