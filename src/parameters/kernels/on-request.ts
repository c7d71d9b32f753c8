import type { MagnitudeHistogram } from '../statistics.js';
import type { Values } from './kernel.js';

/** Sums for the ratios of mean absolutes and of standard deviations. `n` is the caller's. */
export interface Moments {
  readonly updateAbs: number;
  readonly updateSum: number;
  readonly weightAbs: number;
  readonly weightSum: number;
  /** Σ(d − mean d)² and Σ(w − mean w)²: taken about the mean, since the difference of two sums would cancel. */
  readonly updateDeviation: number;
  readonly weightDeviation: number;
}

/** In float64, two passes: asked for seldom, so simple rather than fast. */
export function moments(before: Values, after: Values): Moments {
  let updateAbs = 0;
  let updateSum = 0;
  let weightAbs = 0;
  let weightSum = 0;
  for (let i = 0; i < after.length; i++) {
    const w = before[i]!;
    const d = after[i]! - w;
    updateAbs += Math.abs(d);
    updateSum += d;
    weightAbs += Math.abs(w);
    weightSum += w;
  }
  const updateMean = updateSum / after.length;
  const weightMean = weightSum / after.length;
  let updateDeviation = 0;
  let weightDeviation = 0;
  for (let i = 0; i < after.length; i++) {
    const w = before[i]!;
    updateDeviation += (after[i]! - w - updateMean) ** 2;
    weightDeviation += (w - weightMean) ** 2;
  }
  return { updateAbs, updateSum, weightAbs, weightSum, updateDeviation, weightDeviation };
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Count magnitudes by their power of two, read from the exponent's bits; of `after - before`, or of `after` alone. */
export function histogram(after: Values, before?: Values): MagnitudeHistogram {
  const byExponent = new Float64Array(256);
  for (let i = 0; i < after.length; i++) {
    float[0] = before ? after[i]! - before[i]! : after[i]!;
    byExponent[(bits[0]! >>> 23) & 0xff]!++;
  }
  // Biased exponents: 0 are zeros and denormals, 255 NaN and infinities.
  let first = 1;
  let end = 255;
  while (first < end && byExponent[first] === 0) first++;
  while (end > first && byExponent[end - 1] === 0) end--;
  return {
    zeros: byExponent[0]!,
    nonFinite: byExponent[255]!,
    firstExponent: first === end ? 0 : first - 127,
    counts: Array.from(byExponent.subarray(first, end)),
  };
}
