import type { MagnitudeHistogram } from '../../../parameters/index.js';
import { tick } from '../parts/format.js';

export function elementsOf({ counts, zeros, nonFinite }: MagnitudeHistogram): number {
  return sum(counts) + zeros + nonFinite;
}

/** Below which power of two half of the elements are that are neither zero nor no number. */
export function middleText({ firstExponent, counts }: MagnitudeHistogram): string {
  const half = sum(counts) / 2;
  let seen = 0;
  for (const [i, count] of counts.entries()) {
    seen += count;
    if (seen >= half && half > 0) return `half of the others are below ${tick(2 ** (firstExponent + i + 1))}`;
  }
  return 'no others';
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
