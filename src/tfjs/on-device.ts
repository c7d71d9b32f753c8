import { getBackend } from '@tensorflow/tfjs-core';

const DEVICE_BACKENDS: ReadonlySet<string> = new Set(['webgl', 'webgpu']);

/** Whether the values of the backend in use are far away, so that a blocking read would stall its device. */
export function onDevice(): boolean {
  return DEVICE_BACKENDS.has(getBackend());
}
