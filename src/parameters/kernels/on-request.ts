import type { MagnitudeHistogram } from '../statistics.js';
import type { SumsWith } from '../update-sums.js';
import { checkLengths, type Values } from './kernel.js';

/** Write the moments of one parameter into the columns. In float64, two passes: asked for seldom, so simple. */
export function moments(before: Values, after: Values, into: SumsWith<'moments'>, at: number): void {
  checkLengths(before, after);
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
  into.updateAbs[at] = updateAbs;
  into.weightAbs[at] = weightAbs;
  into.updateSum[at] = updateSum;
  into.weightSum[at] = weightSum;
  into.updateDeviation[at] = updateDeviation;
  into.weightDeviation[at] = weightDeviation;
}

/** How the bits of a number say its power of two: a power of 0 are zeros and denormals, the last one is not finite. */
interface FloatBits {
  readonly number: Float32Array | Float64Array;
  /** The word that has the exponent. */
  readonly word: () => number;
  readonly shift: number;
  readonly last: number;
  readonly bias: number;
}

const float32 = new Float32Array(1);
const float32Bits = new Uint32Array(float32.buffer);
const SINGLE: FloatBits = { number: float32, word: () => float32Bits[0]!, shift: 23, last: 255, bias: 127 };

const float64 = new Float64Array(1);
const float64Bits = new DataView(float64.buffer);
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const DOUBLE: FloatBits = {
  number: float64,
  word: () => float64Bits.getUint32(littleEndian ? 4 : 0, littleEndian),
  shift: 20,
  last: 2047,
  bias: 1023,
};

/**
 * Count magnitudes by their power of two, read from the exponent's bits; of `after - before`, or of `after` alone. In
 * the precision of the values: what float32 rounds to zero or to infinity is that, where the values are float32.
 */
export function histogram(after: Values, before?: Values): MagnitudeHistogram {
  if (before) checkLengths(before, after);
  const { number, word, shift, last, bias } = after instanceof Float32Array ? SINGLE : DOUBLE;
  const byExponent = new Float64Array(last + 1);
  for (let i = 0; i < after.length; i++) {
    number[0] = before ? after[i]! - before[i]! : after[i]!;
    byExponent[(word() >>> shift) & last]!++;
  }
  let first = 1;
  let end = last;
  while (first < end && byExponent[first] === 0) first++;
  while (end > first && byExponent[end - 1] === 0) end--;
  return {
    zeros: byExponent[0]!,
    nonFinite: byExponent[last]!,
    firstExponent: first === end ? 0 : first - bias,
    counts: Array.from(byExponent.subarray(first, end)),
  };
}
