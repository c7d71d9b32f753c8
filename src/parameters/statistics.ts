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

/** One of {@link STATISTICS}. */
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

/** One of {@link DEFAULT_STATISTICS}. */
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
  /** Elements that are 0, or too small to be a normal float32. */
  readonly zeros: number;
  /** Elements that are NaN or infinite. */
  readonly nonFinite: number;
  /** The power of two at which `counts` begins; 0 where there are no counts. */
  readonly firstExponent: number;
  /** Elements by power of two, from `firstExponent` on, one bucket each. */
  readonly counts: readonly number[];
}

/** By what it is made of, one histogram a parameter; a subject that was not asked for is not there. */
export type MagnitudeHistograms = { readonly [H in HistogramSubject]?: readonly MagnitudeHistogram[] };

/** What a comparison should compute. */
export interface Measure<S extends Statistic = Statistic> {
  /** The columns to compute; none of the others is. */
  readonly statistics: readonly S[];
  /** The histograms to compute. Default: none. */
  readonly histograms?: readonly HistogramSubject[];
  /** Have the numbers when `compare` returns, also where that stalls a device, if it can be waited for at all (WebGPU cannot). */
  readonly atOnce?: boolean;
}

/** What a comparison found: columns and histograms follow the order of the parameters' names. */
export interface Comparison<S extends Statistic = Statistic> {
  /** One array a statistic that was asked for, one element a parameter. */
  readonly columns: StatisticColumns<S>;
  /** Of each subject that was asked for, one histogram a parameter. */
  readonly histograms: MagnitudeHistograms;
}
