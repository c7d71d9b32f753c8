import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import type { Batch } from '../model/trainable-model.js';
import type { Collator } from './collate.js';
import { type LengthGrouping, lengthGroupedOrder } from './length-grouping.js';
import { seededShuffle } from './random.js';
import { tensorsIn } from './tensors-in.js';
import { type Taken, tidied } from './tidied.js';
import type { ExampleSource } from './train-dataset.js';

/** A batch, and the number of its examples. */
export interface SizedBatch {
  readonly batch: Batch;
  readonly size: number;
  /** Those in the batch that were made for it: whoever takes the batch disposes them. */
  readonly tensors: readonly Tensor[];
}

export interface BatchesOptions<Example> {
  readonly batchSize: number;
  readonly collate: Collator<Example>;
  /** Shuffle what is indexed, the same for the same numbers: `[seed, epoch]`. */
  readonly shuffle?: readonly number[];
  /** Of what is indexed and shuffled, put examples of like length together. */
  readonly grouping?: LengthGrouping | undefined;
  /** Leave out a last batch that is smaller. */
  readonly dropLast?: boolean;
  /** Batches to pass over without collating them. */
  readonly skip?: number;
}

/** The order in which the examples of an epoch are seen: a permutation of 0…length−1, the same on every backend. */
export function epochOrder(length: number, shuffle?: readonly number[]): number[] {
  const indices = Array.from({ length }, (_, i) => i);
  return shuffle ? seededShuffle(indices, ...shuffle) : indices;
}

/** Batches in one pass, where the number of examples is known. */
export function batchCount(length: number, batchSize: number, dropLast = false): number {
  return dropLast ? Math.floor(length / batchSize) : Math.ceil(length / batchSize);
}

/** One pass over the examples, in batches; the last may be smaller. Whoever takes a batch disposes its `tensors`. */
export async function* batches<Example>(
  source: ExampleSource<Example>,
  options: BatchesOptions<Example>,
): AsyncGenerator<SizedBatch> {
  const { batchSize, collate, dropLast = false, skip = 0 } = options;
  let index = 0;
  for await (const examples of chunks(source, options)) {
    if (index++ >= skip && !(dropLast && examples.length < batchSize)) yield collated(examples, collate);
    else disposeExamples(examples);
  }
}

/** A batch of examples, whose own tensors are disposed, but for those that are in the batch as they are. */
function collated<Example>(examples: readonly Taken<Example>[], collate: Collator<Example>): SizedBatch {
  let inBatch = new Set<Tensor>();
  const ofExamples = examples.flatMap(({ tensors }) => tensors);
  try {
    const { value: batch, tensors } = tidied(() => collate(examples.map(({ value }) => value)));
    inBatch = tensorsIn(batch);
    return { batch, size: examples.length, tensors: [...tensors, ...ofExamples.filter((one) => inBatch.has(one))] };
  } finally {
    dispose(ofExamples.filter((one) => !inBatch.has(one)));
  }
}

function disposeExamples(examples: readonly Taken<unknown>[]): void {
  dispose(examples.flatMap(({ tensors }) => tensors));
}

/** Batches in groups of `size`, all collated; the last group may be shorter. */
export async function* groups(batches: AsyncIterable<SizedBatch>, size: number): AsyncGenerator<SizedBatch[]> {
  let group: SizedBatch[] = [];
  try {
    for await (const batch of batches) {
      group.push(batch);
      if (group.length < size) continue;
      const full = group;
      group = [];
      yield full;
    }
    if (group.length > 0) {
      const rest = group;
      group = [];
      yield rest;
    }
  } finally {
    disposeBatches(group);
  }
}

/** Dispose what was made for them. */
export function disposeBatches(group: readonly SizedBatch[]): void {
  dispose(group.flatMap(({ tensors }) => tensors));
}

async function* chunks<Example>(
  source: ExampleSource<Example>,
  { batchSize, shuffle, grouping, skip = 0 }: BatchesOptions<Example>,
): AsyncGenerator<Taken<Example>[]> {
  if (source.at && source.length !== undefined) {
    const shuffled = epochOrder(source.length, shuffle);
    const order = grouping ? lengthGroupedOrder(shuffled, grouping) : shuffled;
    for (let start = 0; start < order.length; start += batchSize) {
      const indices = order.slice(start, start + batchSize);
      // What is passed over need not be made.
      yield start < skip * batchSize ? [] : await takeAll(source.at, indices);
    }
    return;
  }
  let chunk: Taken<Example>[] = [];
  try {
    for await (const example of source.iterate?.() ?? []) {
      chunk.push(example);
      if (chunk.length < batchSize) continue;
      const full = chunk;
      chunk = [];
      yield full;
    }
    const rest = chunk;
    chunk = [];
    if (rest.length > 0) yield rest;
  } finally {
    disposeExamples(chunk);
  }
}

/** Examples by their indices; where one fails, those that come are disposed before it is told. */
async function takeAll<Example>(
  at: NonNullable<ExampleSource<Example>['at']>,
  indices: readonly number[],
): Promise<Taken<Example>[]> {
  const asked: (Taken<Example> | Promise<Taken<Example>>)[] = [];
  try {
    for (const index of indices) asked.push(at(index));
  } catch (error) {
    asked.push(Promise.reject(error));
  }
  const settled = await Promise.allSettled(asked);
  const taken = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  if (!failed) return taken;
  disposeExamples(taken);
  throw failed.reason;
}
