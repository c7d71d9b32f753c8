import { Cuts } from './cuts.js';

/** What a bucket of consecutive steps holds besides its data. */
export interface Bucket {
  /** The first step it may hold; a multiple of the width. */
  start: number;
  /** The last step whose data it holds. */
  last: number;
  /** The version of the history that last changed it. */
  version: number;
}

/** Steps, the first and the last among them. */
export interface StepRange {
  readonly from: number;
  readonly to: number;
}

export function isWithin(step: number, { from, to }: StepRange): boolean {
  return step >= from && step <= to;
}

/** What changed, for one that follows. */
export interface BucketChanges<B> {
  readonly width: number;
  /** Something was taken away: from this step on there is nothing but `buckets`. */
  readonly from?: number;
  readonly buckets: readonly B[];
}

/** How buckets of one kind are made. */
export interface BucketKind<B> {
  readonly make: (start: number) => B;
  /** Add what the bucket after it holds. */
  readonly merge: (into: B, from: B) => void;
  /** Another one that holds the same. */
  readonly copy: (bucket: B) => B;
}

/** What a bucket held of the steps up to one; nothing where there was none. */
interface Kept<B> {
  readonly upTo: number;
  bucket: B | undefined;
}

/** Steps to which a run may go back at most, so that what was before them is known to the step: the latest. */
const RETURNS_KEPT = 8;

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
  readonly #cuts = new Cuts();
  /** By the start of the bucket. */
  #kept = new Map<number, Kept<B>>();

  constructor(
    private limit: number,
    private readonly kind: BucketKind<B>,
  ) {}

  /** Steps a bucket spans. */
  get width(): number {
    return this.#width;
  }

  /** In the order of their steps. */
  get all(): readonly B[] {
    return this.#buckets;
  }

  /** Whether there is a bucket for a step. */
  has(step: number): boolean {
    const start = this.#startOf(step);
    return this.#buckets[this.#placeOf(start)]?.start === start;
  }

  /** Have at most so many from now on. */
  limitTo(limit: number): void {
    this.limit = limit;
    while (this.#buckets.length > limit) this.#double();
  }

  clear(): void {
    this.#buckets = [];
    this.#kept.clear();
    this.#width = 1;
  }

  /** Merge neighbours until buckets are `width` wide. */
  widenTo(width: number): void {
    while (this.#width < width) this.#double();
  }

  /** Add what a step says to its bucket, which is made where there is none. */
  add(step: number, version: number, addTo: (bucket: B) => void): void {
    const bucket = this.#at(step);
    bucket.version = version;
    addTo(bucket);
    const kept = this.#kept.get(bucket.start);
    if (!kept || step > kept.upTo) return;
    kept.bucket ??= this.kind.make(bucket.start);
    addTo(kept.bucket);
  }

  /** The run may go back to this step, which is its last: what there is up to it is kept apart from what follows. */
  keep(step: number): void {
    const start = this.#startOf(step);
    const bucket = this.#buckets.at(-1);
    if (bucket && bucket.last > step) return;
    this.#kept.delete(start);
    this.#kept.set(start, { upTo: step, bucket: bucket?.start === start ? this.kind.copy(bucket) : undefined });
    if (this.#kept.size > RETURNS_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
  }

  /**
   * Take away what is of the steps after this one. Where a bucket holds it together with what is of steps before, and
   * these were not kept, they go with it: how many they may be.
   */
  cutAfter(step: number, version: number): number {
    const start = this.#startOf(step);
    const place = this.#placeOf(start);
    const mixed = this.#buckets[place]?.start === start && this.#buckets[place].last > step;
    const kept = this.#kept.get(start);
    for (const [at, { upTo }] of this.#kept) if (at > start || upTo > step) this.#kept.delete(at);
    if (!mixed) {
      this.#remove(start + this.#width, version);
      return 0;
    }
    this.#remove(start, version);
    if (kept?.upTo !== step) return step - start + 1;
    if (kept.bucket) this.#buckets.push({ ...this.kind.copy(kept.bucket), version });
    return 0;
  }

  changesSince(version: number): BucketChanges<B> | undefined {
    const cut = this.#cuts.since(version);
    const from = cut === undefined ? undefined : this.#startOf(cut);
    const changed = this.#buckets.filter((bucket) => bucket.version > version || bucket.start >= (from ?? Infinity));
    if (changed.length === 0 && from === undefined) return undefined;
    return { width: this.#width, ...(from !== undefined && { from }), buckets: changed };
  }

  /** Become as another is, that has changed. */
  follow({ width, from = Infinity, buckets }: BucketChanges<B>): void {
    this.widenTo(width);
    const kept = from === Infinity ? this.#buckets : this.#buckets.filter(({ start }) => start < from);
    const last = kept.at(-1);
    // Mostly they come after those that are known: a whole run does.
    const areLater = !last || buckets.length === 0 || last.start < buckets[0]!.start;
    this.#buckets = areLater ? kept.concat(buckets) : kept;
    if (!areLater) for (const bucket of buckets) this.#put(bucket);
  }

  #at(step: number): B {
    const start = this.#startOf(step);
    const place = this.#placeOf(start);
    const found = this.#buckets[place];
    if (found?.start === start) return found;
    const made = this.kind.make(start);
    this.#buckets.splice(place, 0, made);
    if (this.#buckets.length <= this.limit) return made;
    this.#double();
    return this.#at(step);
  }

  #put(bucket: B): void {
    const place = this.#placeOf(bucket.start);
    const replaced = this.#buckets[place]?.start === bucket.start ? 1 : 0;
    this.#buckets.splice(place, replaced, bucket);
  }

  #remove(from: number, version: number): void {
    const place = this.#placeOf(from);
    if (place === this.#buckets.length) return;
    this.#buckets.length = place;
    this.#cuts.add(from, version);
  }

  #double(): void {
    this.#width *= 2;
    this.#kept = this.#keptWider();
    const merged: B[] = [];
    for (const bucket of this.#buckets) {
      bucket.start = this.#startOf(bucket.start);
      const last = merged.at(-1);
      if (last?.start === bucket.start) {
        this.kind.merge(last, bucket);
        last.version = Math.max(last.version, bucket.version);
      } else merged.push(bucket);
    }
    this.#buckets = merged;
  }

  /** What was kept, before buckets merge: of two that become one the later, after all of its neighbour. */
  #keptWider(): Map<number, Kept<B>> {
    const { copy, merge } = this.kind;
    const wider = new Map<number, Kept<B>>();
    for (const [start, { upTo, bucket }] of this.#kept) {
      const into = this.#startOf(start);
      if ((wider.get(into)?.upTo ?? -1) > upTo) continue;
      const before = this.#buckets.find((each) => each.start === into);
      const both = before && into < start ? copy(before) : bucket && { ...copy(bucket), start: into };
      if (both && bucket && before && into < start) merge(both, bucket);
      wider.delete(into);
      wider.set(into, { upTo, bucket: both });
    }
    return wider;
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
