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
  /** As {@link BucketChanges}. */
  readonly from?: number;
  readonly buckets: readonly PackedScalar[];
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
    return changes && { ...changes, buckets: changes.buckets.map(pack) };
  }

  apply({ buckets, ...changed }: ScalarChanges): void {
    const { width } = changed;
    const unpacked = buckets.map(unpack).map((bucket) => ({ ...bucket, last: bucket.start + width - 1 }));
    this.#buckets.follow({ ...changed, buckets: unpacked });
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
