import type { TimeAxis } from './axis.js';
import { isPoint, type Line } from './line.js';
import { smoothed } from './smoothing.js';
import type { ValuesInView } from './value-scale.js';

/** A line on an axis: column by column, as it is drawn. */
export interface DrawnLine {
  readonly line: Line;
  readonly places: readonly number[];
  /** What the line goes through: means, smoothed by choice. NaN is a gap. */
  readonly values: readonly number[];
  /** What is behind a smoothed line. */
  readonly raw: readonly number[] | undefined;
}

export function drawnLine(line: Line, axis: TimeAxis, smoothing: number): DrawnLine {
  const places = line.points.map(({ x }) => axis.at(line.run, x));
  const means = line.points.map(({ mean }) => mean ?? Number.NaN);
  if (smoothing === 0) return { line, places, values: means, raw: undefined };
  return { line, places, values: smoothed(places, means, smoothing), raw: means };
}

/** The first and one after the last of the points that an axis shows. */
export function spanInView({ places }: DrawnLine, { min, max }: TimeAxis): readonly [number, number] {
  return [firstAtLeast(places, min), firstAtLeast(places, max + (max - min) * 1e-9)];
}

/** What its vertical axis has to have room for: of a smoothed line not what is behind it, but its means. */
export function valuesInView(drawn: DrawnLine, axis: TimeAxis, log: boolean): ValuesInView {
  const { line, values, raw } = drawn;
  const [from, to] = spanInView(drawn, axis);
  const hasPlace = (value: number) => Number.isFinite(value) && !(log && value <= 0);
  const kept: number[] = [];
  let least = Infinity;
  let greatest = -Infinity;
  const makeRoom = (value: number) => {
    if (!hasPlace(value)) return;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  };
  for (let i = from; i < to; i++) {
    const point = line.points[i]!;
    if (!isPoint(point)) continue;
    makeRoom(point.mean);
    makeRoom(raw ? values[i]! : point.min);
    if (!raw) makeRoom(point.max);
    if (hasPlace(point.mean)) kept.push(point.mean);
  }
  return { values: kept, least, greatest };
}

/** The index of the point that is nearest to a place, gaps left out; -1 where there is none. */
export function nearestIndex({ places, values }: DrawnLine, place: number): number {
  const after = firstAtLeast(places, place);
  let right = after;
  while (right < places.length && Number.isNaN(values[right]!)) right++;
  let left = after - 1;
  while (left >= 0 && Number.isNaN(values[left]!)) left--;
  if (left < 0) return right < places.length ? right : -1;
  if (right >= places.length) return left;
  return place - places[left]! < places[right]! - place ? left : right;
}

function firstAtLeast(places: readonly number[], place: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle]! < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
