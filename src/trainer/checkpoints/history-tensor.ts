import type { Safetensors } from '../safetensors.js';
import { expectIn } from './check-checkpoint.js';
import { FILES } from './checkpoint.js';

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

/**
 * The rows of a history of so many steps; none where it is of other parameters.
 *
 * @throws CheckpointError for a tensor that is none of these parameters, or of steps that have not been made.
 */
export function decodeHistory(
  { tensors, metadata }: Safetensors,
  names: readonly string[],
  steps: number,
  path: string,
): Float64Array[] {
  const saved = tensors.get(NAME);
  if (!saved || metadata.parameters !== JSON.stringify(names)) return [];
  const { dtype, shape } = saved;
  const fits = dtype === 'F64' && shape.length === 2 && shape[0]! <= steps && shape[1] === names.length;
  const expectation = `F64 [up to ${steps}, ${names.length}]`;
  expectIn(`${path}/${FILES.history}`, NAME, fits, expectation, `${dtype} [${shape}]`);
  const values = new Float64Array(Uint8Array.from(saved.data).buffer);
  return Array.from({ length: saved.shape[0] ?? 0 }, (_, step) =>
    values.slice(step * names.length, (step + 1) * names.length),
  );
}
