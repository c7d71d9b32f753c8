/** The least of 1, 2 and 5 times a power of ten that is at least this. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * (1 - 1e-9)) ?? 10 * power;
}

/** Multiples of a step that lie in a range, without what adding up floats brings. */
export function multiples(step: number, min: number, max: number, from = 0): number[] {
  const first = Math.ceil((min - from) / step - 1e-9);
  const last = Math.floor((max - from) / step + 1e-9);
  const digits = Math.max(0, -Math.floor(Math.log10(step)) + 1);
  const count = Math.max(0, last - first + 1);
  return Array.from({ length: count }, (_, i) => {
    const value = from + (first + i) * step;
    return digits > 0 && digits < 15 ? Number(value.toFixed(digits)) : value;
  });
}

/** At most about `count` round values in a range. */
export function linearTicks(min: number, max: number, count: number): number[] {
  return multiples(niceStep((max - min) / Math.max(1, count)), min, max);
}

/** Whole decades; of fewer, what lies between them too. */
export function logTicks(min: number, max: number, count: number): number[] {
  const [low, high] = [Math.log10(min), Math.log10(max)];
  const decades = multiples(Math.max(1, Math.ceil((high - low) / count)), low, high).map((power) => 10 ** power);
  if (decades.length > 3 || high - low > 3) return decades.map(exact);
  const between = [Math.floor(low), Math.floor(low) + 1, Math.floor(low) + 2, Math.floor(low) + 3]
    .flatMap((power) => [1, 2, 5].map((factor) => factor * 10 ** power))
    .filter((value) => value >= min && value <= max);
  return between.length >= 3 ? between.map(exact) : linearTicks(min, max, count);
}

/** A power of ten as one writes it, not 1.0000000000000002e-7. */
function exact(value: number): number {
  return Number(value.toPrecision(12));
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((count) => count * DAY),
];

/** The step of a time axis, in milliseconds: round to those who read clocks. */
export function timeStep(least: number): number {
  if (least < SECOND) return niceStep(least);
  return TIME_STEPS.find((step) => step >= least) ?? niceStep(least / DAY) * DAY;
}
