import { engine, gather, Tensor, Variable } from '@tensorflow/tfjs-core';
import { checkThat, describeValue } from '../../events/index.js';

/** What a `LayersModel` takes: a tensor, or several, in order or by their names. */
export type ModelTensors = Tensor | Tensor[] | { [name: string]: Tensor };

/** Inputs, and what the model should say of them. */
export interface ModelBatch {
  /** The inputs, one row an example. */
  readonly xs: ModelTensors;
  /** The targets, one row an example. */
  readonly ys: ModelTensors;
}

/** What `tf.data` has: it begins anew at each call. */
export interface BatchDataset {
  /** Begin anew at the first batch. */
  iterator(): Promise<{
    /** The next batch, as `{ xs, ys }`, or that there is none. */
    next(): Promise<IteratorResult<unknown>>;
  }>;
}

/** All examples, of which batches are made; or batches, again from the beginning where they end. */
export type RangeTestData = ModelBatch | BatchDataset | Iterable<ModelBatch> | AsyncIterable<ModelBatch>;

/** A batch, and what disposes of it what is not the caller's. */
export interface TakenBatch extends ModelBatch {
  dispose(): void;
}

/** Gives the next batch; undefined where there is none, even from the beginning. */
export type NextBatch = () => Promise<TakenBatch | undefined>;

/** @throws TypeError for what gives no batches. */
export function batchesOf(data: RangeTestData, batchSize: number): NextBatch {
  if (isBatch(data)) return slices(data, batchSize);
  const open = openerOf(data);
  let iterator: Awaited<ReturnType<typeof open>> | undefined;
  return async () => {
    for (const isLast of [false, true]) {
      const wasOpen = iterator !== undefined;
      iterator ??= await open();
      const before = nextTensorId();
      const { done, value } = await iterator.next();
      if (!done) return taken(value, before);
      iterator = undefined;
      // One that has only just begun, and is over, has nothing.
      if (isLast || !wasOpen) break;
    }
    return undefined;
  };
}

interface AnyIterator {
  next(): IteratorResult<unknown> | Promise<IteratorResult<unknown>>;
}

function openerOf(data: RangeTestData): () => AnyIterator | Promise<AnyIterator> {
  if (typeof data === 'object' && data !== null) {
    if ('iterator' in data && typeof data.iterator === 'function') return () => data.iterator();
    if (Symbol.asyncIterator in data) return () => data[Symbol.asyncIterator]();
    if (Symbol.iterator in data) return () => data[Symbol.iterator]();
  }
  throw new TypeError(
    `data: expected { xs, ys }, a tf.data.Dataset or an iterable of { xs, ys }, got ${describeValue(data)}; for a loop of your own give its optimizer and a function step → loss`,
  );
}

/** What was made since is ours to dispose, unless it is kept, as in the datasets of a Trainer. */
function taken(value: unknown, firstId: number): TakenBatch {
  if (!isBatch(value)) throw new TypeError(`data: expected batches { xs, ys }, got ${describeValue(value)}`);
  const made = [...tensorsIn(value.xs), ...tensorsIn(value.ys)].filter(
    (tensor) => tensor.id >= firstId && !tensor.kept && !(tensor instanceof Variable),
  );
  return { xs: value.xs, ys: value.ys, dispose: () => disposeAll(made) };
}

/** Batches of the examples, in an order that leaps: examples may be sorted by their classes. */
function slices(data: ModelBatch, batchSize: number): NextBatch {
  const counts = new Set([...tensorsIn(data.xs), ...tensorsIn(data.ys)].map(({ shape }) => shape[0] ?? 0));
  const [count = 0] = counts;
  checkThat('data', counts.size === 1 && count > 0, 'examples, as many in each of xs and ys', describeCounts(counts));
  const leap = leapOf(count);
  const size = Math.min(batchSize, count);
  let at = 0;
  return async () => {
    const chosen = Int32Array.from({ length: size }, (_, i) => Number((BigInt(at + i) * BigInt(leap)) % BigInt(count)));
    at += size;
    const xs = pick(data.xs, chosen);
    const ys = pick(data.ys, chosen);
    return { xs, ys, dispose: () => disposeAll([...tensorsIn(xs), ...tensorsIn(ys)]) };
  };
}

function describeCounts(counts: ReadonlySet<number>): string {
  return [...counts].join(' and ') || 'no tensors';
}

/** Near the golden section of the count, and prime to it: every example comes once, neighbours far apart. */
function leapOf(count: number): number {
  let leap = Math.max(1, Math.round(count * 0.618));
  while (greatestCommonDivisor(leap, count) > 1) leap++;
  return leap;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function pick(tensors: ModelTensors, indices: Int32Array): ModelTensors {
  if (tensors instanceof Tensor) return gather(tensors, indices);
  if (Array.isArray(tensors)) return tensors.map((tensor) => gather(tensor, indices));
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, gather(tensor, indices)]));
}

function tensorsIn(tensors: ModelTensors): readonly Tensor[] {
  return tensors instanceof Tensor ? [tensors] : Object.values(tensors);
}

function isBatch(value: unknown): value is ModelBatch {
  if (typeof value !== 'object' || value === null || !('xs' in value) || !('ys' in value)) return false;
  return [value.xs, value.ys].every(isModelTensors);
}

function isModelTensors(value: unknown): value is ModelTensors {
  if (value instanceof Tensor) return true;
  if (typeof value !== 'object' || value === null) return false;
  const tensors = Object.values(value);
  return tensors.length > 0 && tensors.every((tensor) => tensor instanceof Tensor);
}

function disposeAll(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) tensor.dispose();
}

/** Tensors are counted: those that are made from now on have no smaller number. */
function nextTensorId(): number {
  return (engine() as unknown as { nextTensorId(): number }).nextTensorId();
}
