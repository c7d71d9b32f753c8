import { describeValue } from '../../events/check-option.js';

/** Examples by index, each made when it is asked for. */
export interface IndexedDataset<Example> {
  readonly length: number;
  get(index: number): Example | Promise<Example>;
}

/** A `tf.data.Dataset` of single examples (not batched). */
export interface TensorFlowDataset {
  readonly size?: number | null;
  iterator(): Promise<{ next(): Promise<IteratorResult<unknown>> }>;
}

/**
 * Examples to learn from: an array or anything else that is indexed, which is shuffled by seed; or anything
 * async-iterable, `tf.data` included, which is taken in its own order, once an epoch.
 *
 * Tensors in the examples of an array stay the caller's. Those that an iterable or `tf.data` makes on the way are
 * disposed when they have been collated.
 */
export type TrainDataset<Example = unknown> =
  | ArrayLike<Example>
  | IndexedDataset<Example>
  | AsyncIterable<Example>
  | TensorFlowDataset;

/** A dataset as the loop uses it. */
export interface ExampleSource<Example> {
  /** The number of examples, where it is known before. */
  readonly length: number | undefined;
  /** Whether examples are made on the way, so that their tensors are the loop's to dispose. */
  readonly transient: boolean;
  /** By index, where that is possible. */
  at?(index: number): Example | Promise<Example>;
  /** In their own order. */
  iterate(): AsyncIterable<Example>;
}

/** @throws TypeError for what is no dataset. */
export function exampleSource<Example>(name: string, dataset: TrainDataset<Example>): ExampleSource<Example> {
  if (isTensorFlowDataset(dataset)) {
    const { size } = dataset;
    const length = typeof size === 'number' && Number.isFinite(size) ? size : undefined;
    return { length, transient: true, iterate: () => elementsOf<Example>(dataset) };
  }
  if (isIndexed(dataset)) return indexed(dataset.length, (index) => dataset.get(index));
  if (isArrayLike(dataset)) return indexed(dataset.length, (index) => dataset[index]!);
  if (isAsyncIterable(dataset)) return { length: undefined, transient: true, iterate: () => dataset };
  throw new TypeError(
    `${name}: expected an array, an object with length and get(index), an async iterable or a tf.data.Dataset, got ${describeValue(dataset)}`,
  );
}

/** Whether it is a dataset, and not several by name. */
export function isDataset(value: unknown): value is TrainDataset {
  return isTensorFlowDataset(value) || isIndexed(value) || isArrayLike(value) || isAsyncIterable(value);
}

function indexed<Example>(length: number, at: (index: number) => Example | Promise<Example>): ExampleSource<Example> {
  return {
    length,
    transient: false,
    at,
    async *iterate() {
      for (let i = 0; i < length; i++) yield await at(i);
    },
  };
}

async function* elementsOf<Example>(dataset: TensorFlowDataset): AsyncGenerator<Example> {
  const iterator = await dataset.iterator();
  for (let item = await iterator.next(); !item.done; item = await iterator.next()) yield item.value as Example;
}

type Fields = Readonly<Record<PropertyKey, unknown>>;
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

function isTensorFlowDataset(value: unknown): value is TensorFlowDataset {
  return isObject(value) && typeof value.iterator === 'function';
}

function isIndexed<Example>(value: unknown): value is IndexedDataset<Example> {
  return isObject(value) && typeof value.length === 'number' && typeof value.get === 'function';
}

function isArrayLike<Example>(value: unknown): value is ArrayLike<Example> {
  return isObject(value) && typeof value.length === 'number';
}

function isAsyncIterable<Example>(value: unknown): value is AsyncIterable<Example> {
  return isObject(value) && Symbol.asyncIterator in value;
}
