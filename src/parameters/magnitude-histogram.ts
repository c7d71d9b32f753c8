import type { MagnitudeHistogram } from './statistics.js';

/** The histogram of nothing. */
export const NO_HISTOGRAM: MagnitudeHistogram = Object.freeze({
  zeros: 0,
  nonFinite: 0,
  firstExponent: 0,
  counts: Object.freeze([]) as readonly number[],
});

/** The histogram of all elements together. */
export function mergeHistograms(histograms: readonly MagnitudeHistogram[]): MagnitudeHistogram {
  const counted = histograms.filter(({ counts }) => counts.length > 0);
  const firstExponent = Math.min(...counted.map((histogram) => histogram.firstExponent));
  const end = Math.max(...counted.map((histogram) => histogram.firstExponent + histogram.counts.length));
  const counts = counted.length > 0 ? new Array<number>(end - firstExponent).fill(0) : [];
  for (const histogram of counted) {
    const offset = histogram.firstExponent - firstExponent;
    for (const [i, count] of histogram.counts.entries()) counts[offset + i]! += count;
  }
  const sum = (pick: (histogram: MagnitudeHistogram) => number) =>
    histograms.reduce((total, histogram) => total + pick(histogram), 0);
  return {
    zeros: sum(({ zeros }) => zeros),
    nonFinite: sum(({ nonFinite }) => nonFinite),
    firstExponent: counted.length > 0 ? firstExponent : 0,
    counts,
  };
}
