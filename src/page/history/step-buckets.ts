/** What a bucket of consecutive steps holds besides its data. */
export interface Bucket {
  /** The first step it may hold; a multiple of the width. */
  start: number;
  /** The version of the history that last changed it. */
  version: number;
}

/** Steps, the first and the last among them. */
export interface StepRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Steps in buckets of equal width, in bounded memory: when there would be more than `limit` buckets, the width doubles
 * and neighbours merge. Steps may come in any order and with any gaps; only buckets that hold something exist.
 *
 * Two that get the same buckets and the same width agree, whatever widths they passed through, as long as `merge` is
 * associative: that is what lets a page follow a history by its changes.
 */
export class StepBuckets<B extends Bucket> {
  #width = 1;
  #buckets: B[] = [];

  constructor(
    private limit: number,
    private readonly make: (start: number) => B,
    private readonly merge: (into: B, from: B) => void,
  ) {}

  /** Steps a bucket spans. */
  get width(): number {
    return this.#width;
  }

  /** In the order of their steps. */
  get all(): readonly B[] {
    return this.#buckets;
  }

  /** The bucket of a step, made where there is none. */
  at(step: number): B {
    const place = this.#placeOf(this.#startOf(step));
    const found = this.#buckets[place];
    if (found?.start === this.#startOf(step)) return found;
    const made = this.make(this.#startOf(step));
    this.#buckets.splice(place, 0, made);
    if (this.#buckets.length <= this.limit) return made;
    this.widenTo(2 * this.#width);
    return this.at(step);
  }

  /** Have at most so many from now on. */
  limitTo(limit: number): void {
    this.limit = limit;
    while (this.#buckets.length > limit) this.#double();
  }

  clear(): void {
    this.#buckets = [];
    this.#width = 1;
  }

  /** Set a bucket as another history has it. */
  put(bucket: B): void {
    const place = this.#placeOf(bucket.start);
    const replaced = this.#buckets[place]?.start === bucket.start ? 1 : 0;
    this.#buckets.splice(place, replaced, bucket);
  }

  /** Merge neighbours until buckets are `width` wide. */
  widenTo(width: number): void {
    while (this.#width < width) this.#double();
  }

  changedSince(version: number): B[] {
    return this.#buckets.filter((bucket) => bucket.version > version);
  }

  #double(): void {
    this.#width *= 2;
    const merged: B[] = [];
    for (const bucket of this.#buckets) {
      bucket.start = this.#startOf(bucket.start);
      const last = merged.at(-1);
      if (last?.start === bucket.start) {
        this.merge(last, bucket);
        last.version = Math.max(last.version, bucket.version);
      } else merged.push(bucket);
    }
    this.#buckets = merged;
  }

  #startOf(step: number): number {
    return Math.floor(step / this.#width) * this.#width;
  }

  /** The index of the first bucket that does not start before `start`. Steps mostly come in order: look at the end first. */
  #placeOf(start: number): number {
    let low = 0;
    let high = this.#buckets.length;
    if (high === 0 || this.#buckets[high - 1]!.start < start) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#buckets[middle]!.start < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
