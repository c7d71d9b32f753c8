import { seededShuffle } from './random.js';

/** One tokenized text. */
export interface TextExample {
  readonly inputIds: readonly number[];
  /** Which text of a pair each token is of; all 0 where left out. */
  readonly tokenTypeIds?: readonly number[];
  readonly label?: number;
}

/** Texts side by side, padded to one length; each array is [size, length], row by row. */
export interface TextBatch {
  readonly size: number;
  readonly length: number;
  readonly inputIds: Int32Array;
  /** 1 for a token, 0 for padding. */
  readonly attentionMask: Int32Array;
  readonly tokenTypeIds?: Int32Array;
  /** One a text; there only where every example has one. */
  readonly labels?: Int32Array;
}

export interface CollateOptions {
  /** `longest`: as long as the longest text of the batch (default); or a fixed length. */
  readonly padTo?: 'longest' | number;
  /** Round the length up to a multiple; default 1. */
  readonly multipleOf?: number;
  /** Default 0. */
  readonly padTokenId?: number;
}

export interface BatchOptions extends CollateOptions {
  readonly batchSize: number;
  /** Where given, the order is shuffled, the same for the same numbers: `[seed, epoch]`. */
  readonly shuffle?: readonly number[];
  /** Put shuffled texts of about one length together, so that little is padded: faster, and a little less random. */
  readonly groupByLength?: boolean;
}

/** Among how many batches texts of one length are looked for, as Hugging Face's `group_by_length` does. */
const GROUPED_BATCHES = 50;

/**
 * Pad texts to one length.
 *
 * @throws RangeError for no text, or one longer than a fixed length.
 */
export function collate(examples: readonly TextExample[], options: CollateOptions = {}): TextBatch {
  const { padTo = 'longest', multipleOf = 1, padTokenId = 0 } = options;
  if (examples.length === 0) throw new RangeError('examples: expected at least one; got none');
  const longest = Math.max(...examples.map(({ inputIds }) => inputIds.length));
  const length = Math.ceil((padTo === 'longest' ? longest : padTo) / multipleOf) * multipleOf;
  if (longest > length) throw new RangeError(`padTo: expected at least the longest text, ${longest}; got ${padTo}`);

  const size = examples.length;
  const inputIds = new Int32Array(size * length).fill(padTokenId);
  const attentionMask = new Int32Array(size * length);
  const tokenTypeIds = new Int32Array(size * length);
  examples.forEach((example, row) => {
    const start = row * length;
    inputIds.set(example.inputIds, start);
    attentionMask.fill(1, start, start + example.inputIds.length);
    if (example.tokenTypeIds) tokenTypeIds.set(example.tokenTypeIds, start);
  });
  const labels = examples.map(({ label }) => label).filter((label) => label !== undefined);
  return {
    size,
    length,
    inputIds,
    attentionMask,
    ...(examples.some((example) => example.tokenTypeIds) && { tokenTypeIds }),
    ...(labels.length === size && { labels: Int32Array.from(labels) }),
  };
}

/** Every example once, in batches; the last may be smaller. */
export function* batches(examples: readonly TextExample[], options: BatchOptions): Generator<TextBatch> {
  const { batchSize, shuffle } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`batchSize: expected a positive integer; got ${batchSize}`);
  }
  const order = shuffle ? seededShuffle(examples, ...shuffle) : [...examples];
  const groups = chunks(order, options.groupByLength ? GROUPED_BATCHES * batchSize : batchSize);
  for (const group of groups) {
    if (!options.groupByLength) {
      yield collate(group, options);
      continue;
    }
    const byLength = group.sort((a, b) => b.inputIds.length - a.inputIds.length);
    for (const batch of seededShuffle(chunks(byLength, batchSize), ...(shuffle ?? [0]))) yield collate(batch, options);
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
