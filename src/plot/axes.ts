import type { ScaleContinuousNumeric } from 'd3-scale';

export type Scale = ScaleContinuousNumeric<number, number>;

/** What is beyond is as good as infinite; an axis that is rounded up to it has an end no more. */
export const LARGEST = 1e300;

/** What a logarithmic axis shows of values from the least to the most, which are infinite where there is none. */
export function logarithmicDomain(least: number, most: number): [number, number] {
  const [from, to] = Number.isFinite(least) ? [least, most === least ? 10 * most : most] : [1e-6, 1];
  return [roundTo('down', from), roundTo('up', to)];
}

/** To 1, 2 or 5 times a power of ten: to the power alone, most of a decade may be empty. */
function roundTo(direction: 'down' | 'up', value: number): number {
  const exponent = Math.floor(Math.log10(value));
  // Without what the division adds to it.
  const share = Number((value / 10 ** exponent).toPrecision(12));
  const steps = [1, 2, 5, 10];
  const step = direction === 'down' ? steps.findLast((each) => each <= share) : steps.find((each) => each >= share);
  return Number(`${step ?? 1}e${exponent}`);
}

/** The least and the largest of all; infinities where there is none. */
export function extent(lists: readonly (readonly number[])[]): [number, number] {
  let least = Infinity;
  let most = -Infinity;
  for (const list of lists) {
    for (const value of list) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  return [least, most];
}

/** Powers of ten where there are several, all that fit else. */
export function ticksOf(y: Scale, log: boolean): readonly number[] {
  if (!log) return y.ticks(8);
  const powers = y.ticks(20).filter((tick) => Number.isInteger(Math.log10(tick)));
  if (powers.length < 3) return y.ticks(6);
  const every = Math.ceil(powers.length / 12);
  return powers.filter((_, i) => i % every === 0);
}

/** A number as short as it can be said: 0.002, 2e-5. */
export function numberText(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e5)) {
    return value
      .toExponential(6)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e');
  }
  return String(Number(value.toPrecision(6)));
}
