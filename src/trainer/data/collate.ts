import { stack, Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describeValue } from '../../events/check-option.js';
import { toTensor } from '../model/to-tensor.js';
import type { Batch } from '../model/trainable-model.js';
import { isRecord } from './main-input.js';

/**
 * Makes a batch of examples. Called as in a `tf.tidy()`: the tensors that it makes are disposed, those in the batch after
 * use. Others in the batch stay whose they are, and so does what is marked by `tf.keep()`.
 */
export type Collator<Example> = (examples: readonly Example[]) => Batch;

/** As Hugging Face's default collator: `label` becomes `labels`. */
const RENAMED: Readonly<Record<string, string>> = { label: 'labels', label_ids: 'labels' };

/**
 * The default collator: for examples that are records of numbers, arrays and tensors, one tensor a field, stacked.
 * Whole numbers are int32. Typed arrays keep their type.
 *
 * @throws TypeError for another kind of example, RangeError for fields of different shapes.
 */
export function defaultCollator(examples: readonly unknown[]): Batch {
  const [first] = examples;
  if (!isRecord(first)) {
    throw new TypeError(
      `dataCollator: expected one for examples that are no records, got none for ${describeValue(first)}`,
    );
  }
  const fields = Object.keys(first).filter((name) => first[name] !== undefined && first[name] !== null);
  return tidy(() => {
    const columns = fields.map((name) => [RENAMED[name] ?? name, stacked(name, examples as Fields[])]);
    return Object.fromEntries(columns) as Record<string, Tensor>;
  });
}

type Fields = Readonly<Record<string, unknown>>;

function stacked(name: string, examples: readonly Fields[]): unknown {
  const values = examples.map((example) => example[name]);
  if (values.every((value) => typeof value === 'number')) return toTensor(values);
  if (isRecord(values[0]) && !(values[0] instanceof Tensor)) return defaultCollator(values);
  const shapes = new Set<string>();
  const batch = tidy(() => {
    const tensors = values.map((value) => rowOf(name, value));
    for (const { shape } of tensors) shapes.add(`[${shape}]`);
    return shapes.size === 1 ? stack(tensors) : undefined;
  });
  if (batch) return batch;
  throw new RangeError(
    `${name}: expected one shape in a batch, got ${[...shapes].join(', ')}; pad them to one length in a dataCollator`,
  );
}

function rowOf(name: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  if (typeof value === 'number') return tensor(value);
  if (value instanceof Float32Array || value instanceof Int32Array || value instanceof Uint8Array)
    return toTensor(value);
  if (Array.isArray(value)) return toTensor(value);
  throw new TypeError(`${name}: expected numbers, an array or a tensor in every example, got ${describeValue(value)}`);
}
