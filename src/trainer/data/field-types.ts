import { Tensor } from '@tensorflow/tfjs-core';
import { isInt32 } from '../model/to-tensor.js';
import { isRecord } from './main-input.js';

/**
 * Which fields of a dataset's examples are of floats: one that has a fraction anywhere. By rows or by batches, `[1, 0]`
 * among floats would be integers.
 */
export class FieldTypes {
  readonly #floats = new Set<string>();
  readonly #learned = new WeakSet<object>();

  /** Look through a dataset that is an array; others are learned batch by batch. Looks at each dataset once. */
  learn(dataset: unknown): void {
    if (!Array.isArray(dataset) || this.#learned.has(dataset)) return;
    this.#learned.add(dataset);
    for (const example of dataset) this.#see(example, '');
  }

  /** Whether a field is of floats, which these values of a batch may be the first to show. */
  isFloat(field: string, values: readonly unknown[]): boolean {
    if (!this.#floats.has(field) && values.some(hasFloats)) this.#floats.add(field);
    return this.#floats.has(field);
  }

  #see(example: unknown, prefix: string): void {
    if (!isRecord(example) || example instanceof Tensor) return;
    for (const [name, value] of Object.entries(example)) {
      const field = fieldIn(prefix, name);
      if (isRecord(value) && !(value instanceof Tensor)) this.#see(value, field);
      else if (!this.#floats.has(field) && hasFloats(value)) this.#floats.add(field);
    }
  }
}

/** The name of a field in a record that is itself a field: `xs.height`. */
export function fieldIn(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}

/** Numbers that are no int32, of a fraction or too large, or values that say they are floats. */
function hasFloats(value: unknown): boolean {
  if (typeof value === 'number') return !isInt32(value);
  if (Array.isArray(value)) return value.some(hasFloats);
  if (value instanceof Tensor) return value.dtype === 'float32';
  return value instanceof Float32Array;
}
