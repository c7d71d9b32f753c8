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
