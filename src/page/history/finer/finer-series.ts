import type { ScalarBucket } from '../scalar-series.js';
import type { StepRange } from '../step-buckets.js';

/** Values that are kept one by one at most. */
const FINER_VALUES = 2 ** 17;

const AT_FIRST = 64;

/** What is said of several steps together; each column has an element a bucket. */
interface Spread {
  readonly min: Float32Array;
  readonly max: Float32Array;
  readonly count: Uint32Array;
  readonly nonFinite: Uint32Array;
}

/**
 * One number over the steps, of which a page has only the outline: each value, as long as there are not too many, and then
 * buckets, about half as many at most, with extremes as float32. A step that is taken again has its later value.
 */
export class FinerSeries {
  #width = 1;
  #length = 0;
  /** The latest step. */
  #last = -1;
  #start = new Float64Array(AT_FIRST);
  /** At width 1 the values themselves. */
  #mean = new Float64Array(AT_FIRST);
  #spread: Spread | undefined;

  constructor(private readonly limit = FINER_VALUES) {}

  get width(): number {
    return this.#width;
  }

  get length(): number {
    return this.#length;
  }

  take(step: number, value: number): void {
    this.#last = Math.max(this.#last, step);
    const start = Math.floor(step / this.#width) * this.#width;
    const at = this.#placeOf(start);
    if (at < this.#length && this.#start[at] === start) {
      if (this.#spread) this.#add(this.#spread, at, value);
      else this.#mean[at] = value;
    } else if (this.#length < this.#most) this.#insert(at, start, value);
    else {
      this.#widen();
      this.take(step, value);
    }
  }

  /** As many buckets as pairs of values, and one more, as the first and the last may have half of one. */
  get #most(): number {
    return this.#spread ? this.limit / 2 + 1 : this.limit;
  }

  /** What it has of some steps, in their order. */
  *buckets({ from, to }: StepRange): Generator<ScalarBucket> {
    for (let at = this.#placeOf(from - this.#width + 1); at < this.#length && this.#start[at]! <= to; at++) {
      yield this.#bucket(at);
    }
  }

  /** Forget what is after a step: it is taken anew. A bucket that has steps before and after goes, too. */
  cutAfter(step: number): void {
    if (this.#last <= step) return;
    this.#last = step;
    this.#length = this.#placeOf(step - this.#width + 2);
  }

  #bucket(at: number): ScalarBucket {
    const [start, mean] = [this.#start[at]!, this.#mean[at]!];
    const place = { start, last: start + this.#width - 1, version: 0 };
    if (this.#spread) {
      const { min, max, count, nonFinite } = this.#spread;
      return { ...place, count: count[at]!, mean, min: min[at]!, max: max[at]!, nonFinite: nonFinite[at]! };
    }
    return Number.isFinite(mean)
      ? { ...place, count: 1, mean, min: mean, max: mean, nonFinite: 0 }
      : { ...place, count: 0, mean: 0, min: Infinity, max: -Infinity, nonFinite: 1 };
  }

  #add({ min, max, count, nonFinite }: Spread, at: number, value: number): void {
    if (!Number.isFinite(value)) {
      nonFinite[at]!++;
      return;
    }
    count[at]!++;
    this.#mean[at]! += (value - this.#mean[at]!) / count[at]!;
    min[at] = Math.min(min[at]!, value);
    max[at] = Math.max(max[at]!, value);
  }

  #insert(at: number, start: number, value: number): void {
    if (this.#length === this.#start.length) this.#grow();
    this.#start.copyWithin(at + 1, at, this.#length);
    this.#mean.copyWithin(at + 1, at, this.#length);
    this.#start[at] = start;
    this.#mean[at] = this.#spread ? 0 : value;
    for (const column of Object.values(this.#spread ?? {}) as Spread[keyof Spread][]) {
      column.copyWithin(at + 1, at, this.#length);
      column[at] = 0;
    }
    this.#length++;
    if (!this.#spread) return;
    this.#spread.min[at] = Infinity;
    this.#spread.max[at] = -Infinity;
    this.#add(this.#spread, at, value);
  }

  /** Of single values: buckets have all their room at once. */
  #grow(): void {
    const size = 2 * this.#start.length;
    this.#start = longer(this.#start, size);
    this.#mean = longer(this.#mean, size);
  }

  /** Neighbours become one, until there is room. */
  #widen(): void {
    const buckets = Array.from({ length: this.#length }, (_, at) => this.#bucket(at));
    const size = this.limit / 2 + 1;
    const spread = {
      min: new Float32Array(size),
      max: new Float32Array(size),
      count: new Uint32Array(size),
      nonFinite: new Uint32Array(size),
    };
    this.#spread = spread;
    do this.#width *= 2;
    while (bucketCount(buckets, this.#width) > size);
    this.#length = 0;
    this.#start = new Float64Array(size);
    this.#mean = new Float64Array(size);
    for (const bucket of buckets) {
      const start = Math.floor(bucket.start / this.#width) * this.#width;
      const last = this.#length - 1;
      const at = last >= 0 && this.#start[last] === start ? last : this.#length++;
      if (at > last) {
        this.#start[at] = start;
        this.#mean[at] = 0;
        spread.min[at] = Infinity;
        spread.max[at] = -Infinity;
      }
      const count = spread.count[at]! + bucket.count;
      if (count > 0) this.#mean[at]! += (bucket.mean - this.#mean[at]!) * (bucket.count / count);
      spread.count[at] = count;
      spread.nonFinite[at]! += bucket.nonFinite;
      spread.min[at] = Math.min(spread.min[at]!, bucket.min);
      spread.max[at] = Math.max(spread.max[at]!, bucket.max);
    }
  }

  /** The index of the first bucket that does not start before `start`; mostly there is none. */
  #placeOf(start: number): number {
    let high = this.#length;
    if (high === 0 || this.#start[high - 1]! < start) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#start[middle]! < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function longer(column: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const into = new Float64Array(size);
  into.set(column);
  return into;
}

/** How many buckets of this width there are to hold these, which are in order. */
function bucketCount(buckets: readonly ScalarBucket[], width: number): number {
  const starts = buckets.map(({ start }) => Math.floor(start / width));
  return starts.filter((start, i) => start !== starts[i - 1]).length;
}
