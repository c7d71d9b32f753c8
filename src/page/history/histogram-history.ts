import { type PackedHistograms, packHistograms, type RowHistograms, unpackHistograms } from './latest-updates.js';
import { type Bucket, StepBuckets } from './step-buckets.js';
import { Versioned } from './versioned.js';

interface HistogramBucket extends Bucket {
  /** Of the first step in the bucket that had any. */
  first: RowHistograms | undefined;
}

export interface HistogramChanges {
  /** Null where those of the latest step were taken away. */
  readonly latest?: PackedHistograms | null;
  readonly width: number;
  /** As {@link BucketChanges}. */
  readonly from?: number;
  readonly buckets: readonly (readonly [start: number, first: PackedHistograms])[];
}

/** Moments that are kept of the histograms of a run: each has as many histograms as there are rows. */
export const HISTOGRAM_BUCKETS = 32;

/** The histograms of some rows: of now, and of some moments on the way, the first one among them. */
export class HistogramHistory {
  readonly latest = new Versioned<RowHistograms | undefined>(undefined);
  readonly #buckets = new StepBuckets<HistogramBucket>(HISTOGRAM_BUCKETS, {
    make: (start) => ({ start, last: start, version: 0, first: undefined }),
    merge: (into, from) => {
      if (!into.first) Object.assign(into, { first: from.first, last: from.last });
    },
    copy: (bucket) => ({ ...bucket }),
  });

  /** In the order of their steps. */
  get moments(): readonly RowHistograms[] {
    return this.#buckets.all.flatMap(({ first }) => first ?? []);
  }

  take(histograms: RowHistograms, version: number): void {
    this.latest.set(histograms, version);
    const { step } = histograms;
    if (this.#buckets.has(step)) return;
    this.#buckets.add(step, version, (bucket) => {
      if (!bucket.first) Object.assign(bucket, { first: histograms, last: step });
    });
  }

  /** What is of later steps than this is no longer so. */
  cutAfter(step: number, version: number): void {
    this.#buckets.cutAfter(step, version);
    if ((this.latest.value?.step ?? -1) > step) this.latest.set(this.moments.at(-1), version);
  }

  clear(): void {
    this.latest.set(undefined, 0);
    this.#buckets.clear();
  }

  changesSince(version: number): HistogramChanges | undefined {
    const { buckets = [], ...changed } = this.#buckets.changesSince(version) ?? { width: this.#buckets.width };
    const { value } = this.latest;
    const latest = this.latest.version > version && { latest: value ? packHistograms(value) : null };
    if (!latest) return undefined;
    const packed = buckets.flatMap(({ start, first }) => (first ? [[start, packHistograms(first)] as const] : []));
    return { ...latest, ...changed, buckets: packed };
  }

  apply({ latest, buckets, ...changed }: HistogramChanges): void {
    if (latest !== undefined) this.latest.set(latest ? unpackHistograms(latest) : undefined, 0);
    const unpacked = buckets.map(([start, packed]) => {
      const first = unpackHistograms(packed);
      return { start, last: first.step, version: 0, first };
    });
    this.#buckets.follow({ ...changed, buckets: unpacked });
  }
}
