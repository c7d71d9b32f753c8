import { type PackedHistograms, packHistograms, type RowHistograms, unpackHistograms } from './latest-updates.js';
import { type Bucket, StepBuckets } from './step-buckets.js';
import { Versioned } from './versioned.js';

interface HistogramBucket extends Bucket {
  /** Of the first step in the bucket that had any. */
  first: RowHistograms | undefined;
}

export interface HistogramChanges {
  readonly latest?: PackedHistograms;
  readonly width: number;
  readonly buckets: readonly (readonly [start: number, first: PackedHistograms])[];
}

/** Moments that are kept of the histograms of a run: each has as many histograms as there are rows. */
export const HISTOGRAM_BUCKETS = 32;

/** The histograms of some rows: of now, and of some moments on the way, the first one among them. */
export class HistogramHistory {
  readonly latest = new Versioned<RowHistograms | undefined>(undefined);
  readonly #buckets = new StepBuckets<HistogramBucket>(
    HISTOGRAM_BUCKETS,
    (start) => ({ start, version: 0, first: undefined }),
    (into, from) => {
      into.first ??= from.first;
    },
  );

  /** In the order of their steps. */
  get moments(): readonly RowHistograms[] {
    return this.#buckets.all.flatMap(({ first }) => first ?? []);
  }

  take(histograms: RowHistograms, version: number): void {
    this.latest.set(histograms, version);
    const bucket = this.#buckets.at(histograms.step);
    if (bucket.first) return;
    bucket.first = histograms;
    bucket.version = version;
  }

  clear(): void {
    this.latest.set(undefined, 0);
    this.#buckets.clear();
  }

  changesSince(version: number): HistogramChanges | undefined {
    const latest = this.latest.since(version);
    if (!latest) return undefined;
    const buckets = this.#buckets
      .changedSince(version)
      .flatMap(({ start, first }) => (first ? [[start, packHistograms(first)] as const] : []));
    return { latest: packHistograms(latest), width: this.#buckets.width, buckets };
  }

  apply({ latest, width, buckets }: HistogramChanges): void {
    if (latest) this.latest.set(unpackHistograms(latest), 0);
    this.#buckets.widenTo(width);
    for (const [start, first] of buckets) {
      this.#buckets.put({ start, version: 0, first: unpackHistograms(first) });
    }
  }
}
