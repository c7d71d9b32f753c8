import type { HistogramSubject, MagnitudeHistogram, Statistic } from '../../parameters/index.js';
import { packFloats, unpackFloats } from './packed-numbers.js';

/** What the latest step says of each row. */
export interface LatestUpdates {
  readonly step: number;
  readonly columns: { readonly [S in Statistic]?: Float32Array };
}

/** What histograms are of: a parameter, or what a layer gives. */
export type ShownSubject = HistogramSubject | 'activation';

/** Histograms of each row at one step. */
export interface RowHistograms {
  readonly step: number;
  readonly histograms: { readonly [H in ShownSubject]?: readonly MagnitudeHistogram[] };
}

export interface PackedUpdates {
  readonly step: number;
  readonly columns: { readonly [S in Statistic]?: string };
}

/** `[zeros, nonFinite, firstExponent, ...counts]` */
type PackedHistogram = readonly number[];

export interface PackedHistograms {
  readonly step: number;
  readonly histograms: { readonly [H in ShownSubject]?: readonly PackedHistogram[] };
}

type Columns = { readonly [statistic: string]: ArrayLike<number> };

/**
 * What a step says, by row: `rows[i]` is that of element `i`, and a row that has none is NaN. It is made when it is asked
 * for: of most steps nobody asks.
 */
export function latestByRow(
  step: number,
  columns: Columns,
  rows: readonly (number | undefined)[],
  rowCount: number,
): LatestUpdates {
  let made: LatestUpdates['columns'] | undefined;
  return {
    step,
    get columns() {
      made ??= mapValues(columns, (column) => byRow(column, rows, rowCount));
      return made;
    },
  };
}

function byRow(column: ArrayLike<number>, rows: readonly (number | undefined)[], rowCount: number): Float32Array {
  const values = new Float32Array(rowCount).fill(Number.NaN);
  for (let i = 0; i < rows.length; i++) if (rows[i] !== undefined) values[rows[i]!] = column[i]!;
  return values;
}

export function packUpdates({ step, columns }: LatestUpdates): PackedUpdates {
  return { step, columns: mapValues(columns, packFloats) };
}

export function unpackUpdates({ step, columns }: PackedUpdates): LatestUpdates {
  return { step, columns: mapValues(columns, unpackFloats) };
}

export function packHistograms({ step, histograms }: RowHistograms): PackedHistograms {
  const pack = ({ zeros, nonFinite, firstExponent, counts }: MagnitudeHistogram) => [
    zeros,
    nonFinite,
    firstExponent,
    ...counts,
  ];
  return { step, histograms: mapValues(histograms, (list) => list.map(pack)) };
}

export function unpackHistograms({ step, histograms }: PackedHistograms): RowHistograms {
  const unpack = ([zeros = 0, nonFinite = 0, firstExponent = 0, ...counts]: PackedHistogram) => ({
    zeros,
    nonFinite,
    firstExponent,
    counts,
  });
  return { step, histograms: mapValues(histograms, (list) => list.map(unpack)) };
}

function mapValues<K extends string, A, B>(record: { readonly [key in K]?: A }, map: (value: A) => B) {
  const entries = Object.entries(record) as [K, A][];
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value)])) as { readonly [key in K]?: B };
}
