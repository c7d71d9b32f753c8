import type { MagnitudeHistogram, Statistic } from '../../src/index.js';

/** Each statistic by its formula, in float64, as plainly as it can be said. */
export function twin(statistic: Statistic, w: readonly number[], v: readonly number[], g: readonly number[]): number {
  const d = v.map((value, i) => value - w[i]!);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const norm = (values: readonly number[]) => Math.sqrt(sum(values.map((value) => value * value)));
  const deviation = (values: readonly number[]) => norm(values.map((value) => value - sum(values) / values.length));
  const ratio = (a: number, b: number) => (a === 0 ? 0 : a / b);
  const abs = (values: readonly number[]) => sum(values.map(Math.abs));
  switch (statistic) {
    case 'updateNorm':
      return norm(d);
    case 'weightNorm':
      return norm(w);
    case 'updateRatio':
      return ratio(norm(d), norm(w));
    case 'gradientNorm':
      return norm(g);
    case 'maxAbsUpdate':
      return d.some(Number.isNaN) ? Number.NaN : Math.max(0, ...d.map(Math.abs));
    case 'unchanged':
      return w.length === 0 ? 1 : w.filter((value, i) => value === v[i]).length / w.length;
    case 'nonFinite':
      return v.filter((value) => !Number.isFinite(value)).length;
    case 'meanAbsRatio':
      return ratio(abs(d), abs(w));
    case 'stdRatio':
      return ratio(deviation(d), deviation(w));
  }
}

/** Count magnitudes by logarithm instead of by bits. */
export function twinHistogram(values: readonly number[]): MagnitudeHistogram {
  const LEAST_NORMAL = 2 ** -126;
  const exponents = new Map<number, number>();
  let zeros = 0;
  let nonFinite = 0;
  for (const value of values.map((x) => Math.abs(Math.fround(x)))) {
    if (!Number.isFinite(value)) nonFinite++;
    else if (value < LEAST_NORMAL) zeros++;
    else {
      let exponent = Math.round(Math.log2(value));
      if (2 ** exponent > value) exponent--;
      exponents.set(exponent, (exponents.get(exponent) ?? 0) + 1);
    }
  }
  if (exponents.size === 0) return { zeros, nonFinite, firstExponent: 0, counts: [] };
  const first = Math.min(...exponents.keys());
  const last = Math.max(...exponents.keys());
  const counts = Array.from({ length: last - first + 1 }, (_, i) => exponents.get(first + i) ?? 0);
  return { zeros, nonFinite, firstExponent: first, counts };
}

/** |a − b| relative to b; 0 where both are the same, NaN and infinities included. */
export function relativeError(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  return Math.abs(a - b) / Math.abs(b);
}
