/**
 * What can be said of one parameter in one update. `w` is the value before, `v` after, `d = v - w`, `g` the gradient,
 * `n` the number of elements; sums run over all elements and are exact to better
 * than 1e-6 relative, on every backend: see docs/browser.md for those of a browser. Counts, and shares of them, are exact.
 *
 * | statistic | formula | unit |
 * |---|---|---|
 * | `updateNorm` | `√Σd²` | the parameter's |
 * | `weightNorm` | `√Σw²` | the parameter's |
 * | `updateRatio` | `updateNorm / weightNorm`; 0 when nothing moved, `Infinity` when zeros moved | 1 |
 * | `gradientNorm` | `√Σg²`; 0 for a parameter that no gradient reached | loss per parameter unit |
 * | `maxAbsUpdate` | `max|d|` | the parameter's |
 * | `unchanged` | share of elements with `v === w`, 0…1; 1 for an empty parameter | 1 |
 * | `nonFinite` | elements of `v` that are NaN or infinite | count |
 * | `meanAbsRatio` | `Σ|d| / Σ|w|` (DL4J's update:parameter ratio) | 1 |
 * | `stdRatio` | `std(d) / std(w)`, population standard deviations | 1 |
 */
export const STATISTICS = [
  'updateNorm',
  'weightNorm',
  'updateRatio',
  'gradientNorm',
  'maxAbsUpdate',
  'unchanged',
  'nonFinite',
  'meanAbsRatio',
  'stdRatio',
] as const;

export type Statistic = (typeof STATISTICS)[number];

/** The statistics that `parameterUpdates()` gives when none are named. */
export const DEFAULT_STATISTICS = [
  'updateNorm',
  'weightNorm',
  'updateRatio',
  'gradientNorm',
  'maxAbsUpdate',
  'unchanged',
  'nonFinite',
] as const satisfies readonly Statistic[];

export type DefaultStatistic = (typeof DEFAULT_STATISTICS)[number];

/** One column a statistic, one element a parameter. */
export type StatisticColumns<S extends Statistic = Statistic> = { readonly [K in S]: Float64Array };

/** What a magnitude histogram can be made of. */
export type HistogramSubject = 'update' | 'weight' | 'gradient';

/**
 * How many elements lie in each power of two: `counts[i]` elements have `2^(firstExponent + i) ≤ |x| < 2^(firstExponent
 * + i + 1)`. Zeros (and float32 denormals) and non-finite values are counted apart, so that
 * `zeros + nonFinite + Σcounts` is the parameter's size. Empty counts at both ends are trimmed.
 */
export interface MagnitudeHistogram {
  readonly zeros: number;
  readonly nonFinite: number;
  readonly firstExponent: number;
  readonly counts: readonly number[];
}

/** What a comparison should compute. */
export interface Measure<S extends Statistic = Statistic> {
  readonly statistics: readonly S[];
  readonly histograms?: readonly HistogramSubject[];
  /** Have the numbers when `compare` returns, also where that stalls a device, if it can be waited for at all (WebGPU cannot). */
  readonly atOnce?: boolean;
}

/** What a comparison found: columns and histograms follow the order of the parameters' names. */
export interface Comparison<S extends Statistic = Statistic> {
  readonly columns: StatisticColumns<S>;
  readonly histograms: { readonly [H in HistogramSubject]?: readonly MagnitudeHistogram[] };
}
