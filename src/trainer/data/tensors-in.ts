import { Tensor } from '@tensorflow/tfjs-core';

/** Dispose the tensors in a batch or an example, however they are nested; numbers and typed arrays are passed over. */
export function disposeTensors(value: unknown): void {
  if (value instanceof Tensor) {
    if (!value.isDisposed) value.dispose();
    return;
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  for (const part of Object.values(value)) if (typeof part === 'object') disposeTensors(part);
}
