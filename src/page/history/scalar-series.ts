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

/** `[start, value]` of one finite value, in full, else `[start, count, mean, min, max, nonFinite]`. */
export type PackedScalar =
  | readonly [start: number, value: number]
  | readonly [start: number, count: number, mean: number, min: number, max: number, nonFinite: number];

export interface ScalarChanges {
  readonly width: number;
  readonly buckets: readonly PackedScalar[];
}

/** Buckets a series has at most, of a whole run. */
export const SERIES_BUCKETS = 1000;

/** One number over the steps: exact extremes, the mean between them, and how often it was no number. */
export class ScalarSeries {
  readonly #buckets: StepBuckets<ScalarBucket>;

  constructor(limit = SERIES_BUCKETS) {
    this.#buckets = new StepBuckets(limit, emptyBucket, merge);
  }

  get buckets(): readonly ScalarBucket[] {
    return this.#buckets.all;
  }

  get width(): number {
    return this.#buckets.width;
  }

  take(step: number, value: number, version: number): void {
    const bucket = this.#buckets.at(step);
    bucket.version = version;
    if (!Number.isFinite(value)) {
      bucket.nonFinite++;
      return;
    }
    bucket.count++;
    bucket.mean += (value - bucket.mean) / bucket.count;
    bucket.min = Math.min(bucket.min, value);
    bucket.max = Math.max(bucket.max, value);
  }

  /** Take a bucket that another series has, of the same width or of more steps. */
  join(bucket: ScalarBucket, version: number): void {
    const into = this.#buckets.at(bucket.start);
    into.version = version;
    merge(into, bucket);
  }

  /** Have buckets of so many steps at least. */
  widenTo(width: number): void {
    this.#buckets.widenTo(width);
  }

  changesSince(version: number): ScalarChanges | undefined {
    const changed = this.#buckets.changedSince(version);
    return changed.length > 0 ? { width: this.width, buckets: changed.map(pack) } : undefined;
  }

  apply({ width, buckets }: ScalarChanges): void {
    this.#buckets.widenTo(width);
    for (const bucket of buckets) this.#buckets.put(unpack(bucket));
  }
}

function emptyBucket(start: number): ScalarBucket {
  return { start, version: 0, count: 0, mean: 0, min: Infinity, max: -Infinity, nonFinite: 0 };
}

function merge(into: ScalarBucket, from: ScalarBucket): void {
  const count = into.count + from.count;
  if (count > 0) into.mean += (from.mean - into.mean) * (from.count / count);
  into.count = count;
  into.min = Math.min(into.min, from.min);
  into.max = Math.max(into.max, from.max);
  into.nonFinite += from.nonFinite;
}

function pack({ start, count, mean, min, max, nonFinite }: ScalarBucket): PackedScalar {
  if (count === 1 && nonFinite === 0) return [start, mean];
  return count > 0
    ? [start, count, rounded(mean), rounded(min), rounded(max), nonFinite]
    : [start, 0, 0, 0, 0, nonFinite];
}

function unpack(packed: PackedScalar): ScalarBucket {
  const bucket = emptyBucket(packed[0]);
  if (packed.length === 2) {
    const value = packed[1];
    return { ...bucket, count: 1, mean: value, min: value, max: value };
  }
  const [, count, mean, min, max, nonFinite] = packed;
  return count > 0 ? { ...bucket, count, mean, min, max, nonFinite } : { ...bucket, nonFinite };
}

/** Seven digits tell any two points of a chart apart. */
function rounded(value: number): number {
  return Number(value.toPrecision(7));
}
