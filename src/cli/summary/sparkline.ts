const BARS = '▁▂▃▄▅▆▇█';
const NOT_FINITE = '×';

/**
 * Numbers as a row of bars, at most `width` of them; each is the mean of its share of the numbers, and one where they are
 * not finite is a cross. Heights are logarithmic where the numbers are positive and go over a decade.
 */
export function sparkline(values: readonly number[], width: number): string {
  const columns = Math.min(width, values.length);
  const means = Array.from({ length: columns }, (_, i) =>
    mean(values, Math.floor((i * values.length) / columns), Math.floor(((i + 1) * values.length) / columns)),
  );
  const finite = means.filter(Number.isFinite);
  const least = Math.min(...finite);
  const most = Math.max(...finite);
  const scale = least > 0 && most / least > 10 ? Math.log : (value: number) => value;
  const range = scale(most) - scale(least);
  return means.map((value) => bar(value, range === 0 ? 0.5 : (scale(value) - scale(least)) / range)).join('');
}

function mean(values: readonly number[], begin: number, end: number): number {
  let sum = 0;
  for (let i = begin; i < end; i++) sum += values[i]!;
  return sum / (end - begin);
}

function bar(value: number, share: number): string {
  return Number.isFinite(value) ? BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))]! : NOT_FINITE;
}
