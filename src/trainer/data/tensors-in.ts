import { Tensor } from '@tensorflow/tfjs-core';

/** The tensors in a batch or an example, however they are nested; numbers and typed arrays are passed over. */
export function tensorsIn(value: unknown): Set<Tensor> {
  const found = new Set<Tensor>();
  collect(value, found, new Set());
  return found;
}

function collect(value: unknown, found: Set<Tensor>, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return;
  if (value instanceof Tensor) {
    found.add(value);
    return;
  }
  seen.add(value);
  const parts = Array.isArray(value) ? value : Object.values(value);
  for (const part of parts) if (typeof part === 'object') collect(part, found, seen);
}
