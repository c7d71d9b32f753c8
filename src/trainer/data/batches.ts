import type { Batch } from '../model/trainable-model.js';
import type { Collator } from './collate.js';
import { type LengthGrouping, lengthGroupedOrder } from './length-grouping.js';
import { seededShuffle } from './random.js';
import { disposeTensors } from './tensors-in.js';
import type { ExampleSource } from './train-dataset.js';

/** A batch, and the number of its examples. */
export interface SizedBatch {
  readonly batch: Batch;
  readonly size: number;
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

/** One pass over the examples, in batches; the last may be smaller. Whoever takes a batch disposes its tensors. */
export async function* batches<Example>(
  source: ExampleSource<Example>,
  options: BatchesOptions<Example>,
): AsyncGenerator<SizedBatch> {
  const { batchSize, collate, dropLast = false, skip = 0 } = options;
  let index = 0;
  for await (const examples of chunks(source, options)) {
    const wanted = index++ >= skip && !(dropLast && examples.length < batchSize);
    let batch: Batch | undefined;
    try {
      if (wanted) batch = collate(examples);
    } finally {
      if (source.transient) disposeTensors(examples);
    }
    if (batch) yield { batch, size: examples.length };
  }
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
    disposeTensors(group.map(({ batch }) => batch));
  }
}

async function* chunks<Example>(
  source: ExampleSource<Example>,
  { batchSize, shuffle, grouping, skip = 0 }: BatchesOptions<Example>,
): AsyncGenerator<Example[]> {
  if (source.at && source.length !== undefined) {
    const shuffled = epochOrder(source.length, shuffle);
    const order = grouping ? lengthGroupedOrder(shuffled, grouping) : shuffled;
    for (let start = 0; start < order.length; start += batchSize) {
      const indices = order.slice(start, start + batchSize);
      // What is passed over need not be made.
      yield start < skip * batchSize ? [] : await Promise.all(indices.map((index) => source.at!(index)));
    }
    return;
  }
  let chunk: Example[] = [];
  for await (const example of source.iterate()) {
    chunk.push(example);
    if (chunk.length < batchSize) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
