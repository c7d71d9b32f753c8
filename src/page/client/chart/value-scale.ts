/** How values lie on the vertical axis. */
export interface ValueScale {
  readonly log: boolean;
  readonly min: number;
  readonly max: number;
  /** Values that lie outside, as outliers are left out. */
  readonly above: number;
  readonly below: number;
}

/** The values of one line that are in view. */
export interface ValuesInView {
  /** That decide where outliers begin. */
  readonly values: readonly number[];
  readonly least: number;
  readonly greatest: number;
}

/** Of each line, so much is left out at either end as outliers: the 2nd and the 98th percentile, as is usual. */
const OUTLIERS = 0.02;

/** Room above and below, a part of the whole. */
const ROOM = 0.06;

export function valueScale(lines: readonly ValuesInView[], log: boolean, withoutOutliers: boolean): ValueScale {
  const ranges = lines.map((line) => (withoutOutliers ? middleRange(line.values) : [line.least, line.greatest]));
  const least = Math.min(...ranges.map(([min]) => min!));
  const greatest = Math.max(...ranges.map(([, max]) => max!));
  if (!(least <= greatest)) return { log: false, min: 0, max: 1, above: 0, below: 0 };
  const [min, max] = log ? roomyLog(least, greatest) : roomy(least, greatest);
  const outside = (test: (value: number) => boolean) =>
    withoutOutliers ? lines.reduce((sum, { values }) => sum + values.filter(test).length, 0) : 0;
  return { log, min, max, above: outside((value) => value > max), below: outside((value) => value < min) };
}

/** Where a value lies, 0 at the bottom to 1 at the top. */
export function heightOf({ log, min, max }: ValueScale, value: number): number {
  if (!log) return (value - min) / (max - min);
  return value > 0 ? Math.log(value / min) / Math.log(max / min) : Number.NaN;
}

/** Without the most extreme at either end. */
export function middleRange(values: readonly number[]): readonly [number, number] {
  const sorted = Float64Array.from(values).sort();
  const left = Math.floor(sorted.length * OUTLIERS);
  return [sorted[left] ?? Infinity, sorted[sorted.length - 1 - left] ?? -Infinity];
}

/** What differs by less, in parts of itself, is the same value but for how it was computed. */
const SAME = 1e-6;

function roomy(least: number, greatest: number): readonly [number, number] {
  const spread = greatest - least;
  const size = Math.max(Math.abs(least), Math.abs(greatest));
  const room = spread > SAME * size ? ROOM * spread : 0.1 * size || 1;
  // What is never negative, such as a norm, does not seem to become so.
  const min = least >= 0 ? Math.max(0, least - room) : least - room;
  return [min, greatest + room];
}

function roomyLog(least: number, greatest: number): readonly [number, number] {
  const room = (greatest / least) ** ROOM;
  return room > 1.001 ? [least / room, greatest * room] : [least / 1.5, greatest * 1.5];
}
