import { packDoubles, unpackDoubles } from './packed-numbers.js';
import { type Bucket, StepBuckets } from './step-buckets.js';

/** What a series says of the steps of a bucket. Only finite values count into `mean`, `min` and `max`. */
export interface ScalarBucket extends Bucket {
  /** Finite values. */
  count: number;
  mean: number;
  min: number;
  max: number;
  /** NaN and infinite values. */
  nonFinite: number;
}

/** Buckets, value for value: in columns they are packed and taken several times faster than one by one. */
export interface PackedScalars {
  /** First steps. */
  readonly starts: readonly number[];
  readonly counts: readonly number[];
  /** Left out where there are none. */
  readonly nonFinite?: readonly number[];
  /** Means; then, unless all buckets have one value, minima, then maxima: float64 as base64. */
  readonly values: string;
}

export interface ScalarChanges extends PackedScalars {
  readonly width: number;
  /** As {@link BucketChanges}. */
  readonly from?: number;
}

/** Buckets a series has at most, of a whole run. */
export const SERIES_BUCKETS = 1000;

/** One number over the steps: exact extremes, the mean between them, and how often it was no number. */
export class ScalarSeries {
  readonly #buckets: StepBuckets<ScalarBucket>;

  constructor(limit = SERIES_BUCKETS) {
    this.#buckets = new StepBuckets(limit, { make: emptyBucket, merge, copy: (bucket) => ({ ...bucket }) });
  }

  get buckets(): readonly ScalarBucket[] {
    return this.#buckets.all;
  }

  get width(): number {
    return this.#buckets.width;
  }

  take(step: number, value: number, version: number): void {
    this.#buckets.add(step, version, (bucket) => {
      bucket.last = Math.max(bucket.last, step);
      addTo(bucket, value);
    });
  }

  /** The run may go back to this step, which is its last. */
  keep(step: number): void {
    this.#buckets.keep(step);
  }

  /** As {@link StepBuckets.cutAfter}. */
  cutAfter(step: number, version: number): number {
    return this.#buckets.cutAfter(step, version);
  }

  /** Take a bucket that another series has, of the same width or of more steps. */
  join(bucket: ScalarBucket, version: number): void {
    this.#buckets.add(bucket.start, version, (into) => merge(into, bucket));
  }

  /** Have buckets of so many steps at least. */
  widenTo(width: number): void {
    this.#buckets.widenTo(width);
  }

  changesSince(version: number): ScalarChanges | undefined {
    const changes = this.#buckets.changesSince(version);
    if (!changes) return undefined;
    const { buckets, ...changed } = changes;
    return { ...changed, ...pack(buckets) };
  }

  apply({ width, from, ...packed }: ScalarChanges): void {
    this.#buckets.follow({ width, ...(from !== undefined && { from }), buckets: unpack(packed, width) });
  }
}

function addTo(bucket: ScalarBucket, value: number): void {
  if (!Number.isFinite(value)) {
    bucket.nonFinite++;
    return;
  }
  bucket.count++;
  bucket.mean += (value - bucket.mean) / bucket.count;
  bucket.min = Math.min(bucket.min, value);
  bucket.max = Math.max(bucket.max, value);
}

function emptyBucket(start: number): ScalarBucket {
  return { start, last: start, version: 0, count: 0, mean: 0, min: Infinity, max: -Infinity, nonFinite: 0 };
}

function merge(into: ScalarBucket, from: ScalarBucket): void {
  const count = into.count + from.count;
  if (count > 0) into.mean += (from.mean - into.mean) * (from.count / count);
  into.count = count;
  into.min = Math.min(into.min, from.min);
  into.max = Math.max(into.max, from.max);
  into.nonFinite += from.nonFinite;
  into.last = from.last;
}

function pack(buckets: readonly ScalarBucket[]): PackedScalars {
  const length = buckets.length;
  const areSingle = buckets.every(({ count }) => count === 1);
  const values = new Float64Array(areSingle ? length : 3 * length);
  for (const [i, { mean, min, max }] of buckets.entries()) {
    values[i] = mean;
    if (areSingle) continue;
    values[length + i] = min;
    values[2 * length + i] = max;
  }
  return {
    starts: buckets.map(({ start }) => start),
    counts: buckets.map(({ count }) => count),
    ...(buckets.some(({ nonFinite }) => nonFinite > 0) && { nonFinite: buckets.map(({ nonFinite }) => nonFinite) }),
    values: packDoubles(values),
  };
}

function unpack({ starts, counts, nonFinite, values: text }: PackedScalars, width: number): ScalarBucket[] {
  const values = unpackDoubles(text);
  const { length } = starts;
  const areSingle = values.length === length;
  return starts.map((start, i) => ({
    start,
    last: start + width - 1,
    version: 0,
    count: counts[i]!,
    mean: values[i]!,
    min: values[areSingle ? i : length + i]!,
    max: values[areSingle ? i : 2 * length + i]!,
    nonFinite: nonFinite?.[i] ?? 0,
  }));
}
