import { describeValue } from '../../events/index.js';
import { tensorsIn } from './tensors-in.js';
import { isDisposable, type Taken, tidied, tidiedIfItFails } from './tidied.js';

/**
 * Examples by index, each made when it is asked for. `get` is called as in a `tf.tidy()`: the tensors that it makes are
 * disposed when its example has been collated. Those that it keeps for itself are to be marked by `tf.keep()`.
 */
export interface IndexedDataset<Example> {
  /** How many examples there are. */
  readonly length: number;
  /** The example at `index`, from 0; the same each time that it is asked for. */
  get(index: number): Example | Promise<Example>;
}

/** A `tf.data.Dataset` of single examples (not batched). */
export interface TensorFlowDataset {
  /** How many elements it has, where that is known. */
  readonly size?: number | null;
  /** Begin anew at the first element. */
  iterator(): Promise<{
    /** The next element, or that there is none. */
    next(): Promise<IteratorResult<unknown>>;
  }>;
}

/**
 * Examples to learn from: an array or anything else that is indexed, which is shuffled by seed; or anything
 * async-iterable, `tf.data` included, which is taken in its own order, once an epoch.
 *
 * Tensors in the examples of an array stay the caller's, and so do those that were there before `get(index)` was called,
 * variables, and all that are marked by `tf.keep()`. Others that `get(index)`, an iterable or `tf.data` makes on the way
 * are disposed when they have been collated. What an async function makes after its first `await` and does not give
 * cannot be known, and is its own to dispose.
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
  /** By index, where that is possible. */
  at?(index: number): Taken<Example> | Promise<Taken<Example>>;
  /** In their own order, where they have no index. */
  iterate?(): AsyncIterable<Taken<Example>>;
}

/** @throws TypeError for what is no dataset. */
export function exampleSource<Example>(name: string, dataset: TrainDataset<Example>): ExampleSource<Example> {
  if (isTensorFlowDataset(dataset)) {
    const { size } = dataset;
    const length = typeof size === 'number' && Number.isFinite(size) ? size : undefined;
    return { length, iterate: () => elementsOf(() => dataset.iterator() as Promise<AsyncIterator<Example>>) };
  }
  if (isIndexed(dataset)) return { length: dataset.length, at: (index) => made(name, dataset, index) };
  if (isArrayLike(dataset)) {
    return { length: dataset.length, at: (index) => ({ value: dataset[index]!, tensors: [] }) };
  }
  if (isAsyncIterable(dataset)) {
    return { length: undefined, iterate: () => elementsOf(async () => dataset[Symbol.asyncIterator]()) };
  }
  throw new TypeError(
    `${name}: expected an array, an object with length and get(index), an async iterable or a tf.data.Dataset, got ${describeValue(dataset)}`,
  );
}

/** Whether it is a dataset, and not several by name. */
export function isDataset(value: unknown): value is TrainDataset {
  return isTensorFlowDataset(value) || isIndexed(value) || isArrayLike(value) || isAsyncIterable(value);
}

/** An example of `get`, and the tensors that were made for it. */
function made<Example>(
  name: string,
  dataset: IndexedDataset<Example>,
  index: number,
): Taken<Example> | Promise<Taken<Example>> {
  const taken = tidied<Example>(() => dataset.get(index));
  return taken instanceof Promise ? taken.then(checked) : checked(taken);

  function checked(one: Taken<Example>): Taken<Example> {
    if (![...tensorsIn(one.value)].some(({ isDisposed }) => isDisposed)) return one;
    for (const tensor of one.tensors) tensor.dispose();
    throw new TypeError(
      `${name}: expected get(${index}) to give tensors that live, got one that is disposed; tf.keep() those that are to outlive a call of get()`,
    );
  }
}

/** What an iterator gives, as `for await` takes it. */
async function* elementsOf<Example>(begin: () => Promise<AsyncIterator<Example>>): AsyncGenerator<Taken<Example>> {
  const iterator = await begin();
  let ended = false;
  const next = async () => {
    ended = true;
    const item = await tidiedIfItFails(() => Promise.resolve(iterator.next()));
    ended = Boolean(item.done);
    return item;
  };
  try {
    for (let item = await next(); !item.done; item = await next()) {
      const { value } = item;
      yield { value, tensors: [...tensorsIn(value)].filter(isDisposable) };
    }
  } finally {
    if (!ended) await iterator.return?.();
  }
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
