import { backend, getBackend, type Scalar } from '@tensorflow/tfjs-core';

/** Backends where a blocking read would stall the device. */
const DEVICE_BACKENDS: ReadonlySet<string> = new Set(['webgl', 'webgpu']);

/** The loss as a number: now, or later where the device has to be waited for. */
export function readLoss(loss: number | Scalar): number | Promise<number> {
  if (typeof loss === 'number') return loss;
  if (!DEVICE_BACKENDS.has(getBackend())) return loss.dataSync()[0] ?? Number.NaN;
  // The caller disposes the loss; the backend's read began before that and has its own hold on the data.
  return backend()
    .read(loss.dataId)
    .then((values) => Number((values as Float32Array)[0]));
}
