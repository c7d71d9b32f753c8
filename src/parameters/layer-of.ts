/**
 * The layer that a parameter belongs to, by its name; both `/` and `.` separate. Up to the first segment that is a
 * number, if something follows it: `bert.encoder.layer.0.attention.self.query.weight` → `bert.encoder.layer.0`. Else
 * without the last segment: `hidden/kernel` → `hidden`, `block_1/dense/kernel` → `block_1/dense`. A name of one segment
 * is its own layer.
 *
 * @example
 * ```ts
 * import { layerOf } from 'trainscope';
 *
 * console.log(layerOf('block_1/dense/kernel')); // block_1/dense
 * ```
 */
export function layerOf(name: string): string {
  const numbered = /^(?:.*?[/.])?\d+(?=[/.])/.exec(name);
  if (numbered) return numbered[0];
  const last = Math.max(name.lastIndexOf('/'), name.lastIndexOf('.'));
  return last > 0 ? name.slice(0, last) : name;
}
