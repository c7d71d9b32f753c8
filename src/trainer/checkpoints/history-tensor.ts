import type { Safetensors } from '../safetensors.js';

const NAME = 'update_norms';

/** The update norms of every step, as a tensor [steps, parameters]. */
export function encodeHistory(names: readonly string[], rows: readonly Float64Array[]): Safetensors {
  const values = new Float64Array(rows.length * names.length);
  for (const [step, row] of rows.entries()) values.set(row, step * names.length);
  const data = new Uint8Array(values.buffer);
  return {
    tensors: new Map([[NAME, { dtype: 'F64', shape: [rows.length, names.length], data }]]),
    metadata: { parameters: JSON.stringify(names) },
  };
}

/** The rows of a history; none where it is of other parameters. */
export function decodeHistory({ tensors, metadata }: Safetensors, names: readonly string[]): Float64Array[] {
  const saved = tensors.get(NAME);
  if (!saved || metadata.parameters !== JSON.stringify(names)) return [];
  const values = new Float64Array(Uint8Array.from(saved.data).buffer);
  return Array.from({ length: saved.shape[0] ?? 0 }, (_, step) =>
    values.slice(step * names.length, (step + 1) * names.length),
  );
}
