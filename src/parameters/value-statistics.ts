/**
 * What can be said of the values of one parameter. Least, greatest, mean and standard deviation (of the population) are
 * of the finite values; NaN where there are none.
 */
export const VALUE_STATISTICS = ['min', 'max', 'mean', 'standardDeviation', 'zeros', 'nans', 'infinities'] as const;

/** One of {@link VALUE_STATISTICS}. */
export type ValueStatistic = (typeof VALUE_STATISTICS)[number];

/** One column a statistic, one element a parameter. */
export type ValueColumns = { readonly [S in ValueStatistic]: Float64Array };

/**
 * Look at values once each, and at the finite ones once more, for their deviation: in float64.
 *
 * @example
 * ```ts
 * import { valueStatistics } from 'trainscope';
 *
 * console.log(valueStatistics([1, 3, 0, NaN])); // min 0, max 3, mean 1.333…, zeros 1, nans 1, infinities 0
 * ```
 */
export function valueStatistics(values: ArrayLike<number>): Readonly<Record<ValueStatistic, number>> {
  let [finite, sum, min, max] = [0, 0, Infinity, -Infinity];
  let [zeros, nans, infinities] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      if (Number.isNaN(value)) nans++;
      else infinities++;
      continue;
    }
    finite++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
    if (value === 0) zeros++;
  }
  if (finite === 0) {
    const none = Number.NaN;
    return { min: none, max: none, mean: none, standardDeviation: none, zeros, nans, infinities };
  }
  const mean = sum / finite;
  const standardDeviation = Math.sqrt(squaresAbout(mean, values) / finite);
  return { min, max, mean, standardDeviation, zeros, nans, infinities };
}

function squaresAbout(mean: number, values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) squares += (values[i]! - mean) ** 2;
  return squares;
}
