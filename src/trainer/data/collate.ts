import { cast, type DataType, stack, Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describeValue } from '../../events/index.js';
import { toTensor } from '../model/to-tensor.js';
import type { Batch } from '../model/trainable-model.js';
import { FieldTypes, fieldIn } from './field-types.js';
import { isRecord } from './main-input.js';

/**
 * Makes a batch of examples. Called as in a `tf.tidy()`: the tensors that it makes are disposed, those in the batch after
 * use. Others in the batch stay whose they are, and so does what is marked by `tf.keep()`.
 */
export type Collator<Example> = (examples: readonly Example[]) => Batch;

/** As Hugging Face's default collator: `label` becomes `labels`. */
const RENAMED: Readonly<Record<string, string>> = { label: 'labels', label_ids: 'labels' };

/**
 * The default collator: for examples that are records of numbers, arrays and tensors, one tensor a field, stacked. A
 * field whose numbers are all whole is int32, over the whole batch; Float32Array and float32 tensors are floats always.
 * A Trainer goes by its whole dataset, where that is an array.
 *
 * @throws TypeError for another kind of example, RangeError for fields of different shapes.
 *
 * @example
 * ```ts
 * import type * as tf from '@tensorflow/tfjs';
 * import { defaultCollator } from 'trainscope/trainer';
 *
 * const batch = defaultCollator([{ xs: [0.5, 1], label: 0 }, { xs: [0, 2], label: 1 }]) as Record<string, tf.Tensor>;
 * console.log(batch.xs?.shape, batch.labels?.dtype); // [2, 2] int32
 * ```
 */
export function defaultCollator(examples: readonly unknown[]): Batch {
  return collateFields(examples, new FieldTypes());
}

/** The default collator, of a dataset whose fields have types of their own. */
export function collateFields(examples: readonly unknown[], types: FieldTypes, prefix = ''): Batch {
  const [first] = examples;
  if (!isRecord(first)) {
    throw new TypeError(
      `dataCollator: expected one for examples that are no records, got none for ${describeValue(first)}`,
    );
  }
  const fields = Object.keys(first).filter((name) => first[name] !== undefined && first[name] !== null);
  return tidy(() => {
    const columns = fields.map((name) => {
      const values = (examples as Fields[]).map((example) => example[name]);
      return [RENAMED[name] ?? name, stacked(fieldIn(prefix, name), values, types)];
    });
    return Object.fromEntries(columns) as Record<string, Tensor>;
  });
}

type Fields = Readonly<Record<string, unknown>>;

function stacked(field: string, values: readonly unknown[], types: FieldTypes): unknown {
  if (isRecord(values[0]) && !(values[0] instanceof Tensor)) return collateFields(values, types, field);
  const dtype = types.isFloat(field, values) ? 'float32' : undefined;
  if (values.every((value) => typeof value === 'number')) return tensor(values, undefined, dtype ?? 'int32');
  const shapes = new Set<string>();
  const batch = tidy(() => {
    const rows = values.map((value) => rowOf(field, value));
    for (const { shape } of rows) shapes.add(`[${shape}]`);
    const type = dtype ?? commonType(rows);
    return shapes.size === 1 ? stack(rows.map((row) => (row.dtype === type ? row : cast(row, type)))) : undefined;
  });
  if (batch) return batch;
  throw new RangeError(
    `${field}: expected one shape in a batch, got ${[...shapes].join(', ')}; pad them to one length in a dataCollator`,
  );
}

/** Of rows without floats: what they all are, or integers. */
function commonType(rows: readonly Tensor[]): DataType {
  const { dtype } = rows[0]!;
  return rows.every((row) => row.dtype === dtype) ? dtype : 'int32';
}

function rowOf(name: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  if (typeof value === 'number') return tensor(value);
  if (value instanceof Float32Array || value instanceof Int32Array || value instanceof Uint8Array)
    return toTensor(value);
  if (Array.isArray(value)) return toTensor(value);
  throw new TypeError(`${name}: expected numbers, an array or a tensor in every example, got ${describeValue(value)}`);
}
