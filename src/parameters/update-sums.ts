import { mergeHistograms, NO_HISTOGRAM } from './magnitude-histogram.js';
import type { HistogramSubject, MagnitudeHistograms } from './statistics.js';

/**
 * The sums that a pass over old values `w` and new values `v` (with `d = v − w`, and `g` the gradient) can find, by the
 * part in which they are asked for: what costs nothing more is asked for together.
 */
export const SUM_FIELDS = {
  /** Σd², Σw², and how many `v` are NaN or infinite. */
  norms: ['updateSquares', 'weightSquares', 'nonFinite'],
  /** max|d|, and how many `v` equal `w`. */
  extremes: ['maxAbsUpdate', 'unchanged'],
  /** Σg² */
  gradients: ['gradientSquares'],
  /** Σ|d|, Σ|w|, Σd, Σw, Σ(d − mean d)², Σ(w − mean w)². About the mean, since the difference of two sums would cancel. */
  moments: ['updateAbs', 'weightAbs', 'updateSum', 'weightSum', 'updateDeviation', 'weightDeviation'],
} as const satisfies Record<string, readonly SumField[]>;

type ScalarPart = keyof typeof SUM_FIELDS;

/**
 * One of the sums over the elements of a parameter, of old values `w`, new values `v`, `d = v − w` and the gradient `g`:
 * `updateSquares` Σd², `weightSquares` Σw², `gradientSquares` Σg², `nonFinite` and `unchanged` counts of `v`, `maxAbsUpdate`
 * max|d|, `updateAbs` Σ|d|, `weightAbs` Σ|w|, `updateSum` Σd, `weightSum` Σw, `updateDeviation` Σ(d − mean d)²,
 * `weightDeviation` Σ(w − mean w)².
 */
export type SumField =
  | 'updateSquares'
  | 'weightSquares'
  | 'nonFinite'
  | 'maxAbsUpdate'
  | 'unchanged'
  | 'gradientSquares'
  | 'updateAbs'
  | 'weightAbs'
  | 'updateSum'
  | 'weightSum'
  | 'updateDeviation'
  | 'weightDeviation';

/** What can be asked of a pass. */
export type SumsPart = ScalarPart | `${HistogramSubject}-histogram`;

/**
 * What passes over the old and the new values of a set of parameters found: one column a sum, one element a parameter;
 * only the columns that were asked for, or that came with them. Sums of pieces are the sums of the whole, whatever the
 * pieces are; about the mean, by Chan's formula. NaN in a column where the old and the new value of a parameter cannot be compared.
 */
export type UpdateSums = {
  /** How many elements each parameter has. */
  readonly size: Float64Array;
  /** How many elements have which magnitude. */
  readonly histograms?: MagnitudeHistograms;
} & { readonly [F in SumField]?: Float64Array };

/** Sums that have the columns of these parts. */
export type SumsWith<P extends ScalarPart> = UpdateSums & {
  readonly [F in (typeof SUM_FIELDS)[P][number]]: Float64Array;
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const FIELDS: readonly SumField[] = Object.values(SUM_FIELDS).flat();

/** The sums of nothing: columns of zeros for these parts, one element for each size. */
export function zeroSums<P extends ScalarPart>(sizes: ArrayLike<number>, parts: readonly P[]): SumsWith<P> {
  const sums: Mutable<UpdateSums> = { size: Float64Array.from(sizes) };
  for (const part of parts) for (const field of SUM_FIELDS[part]) sums[field] = new Float64Array(sizes.length);
  return sums as SumsWith<P>;
}

/** The old and the new value of parameter `at` cannot be compared. */
export function markIncomparable(sums: UpdateSums, parts: readonly ScalarPart[], at: number): void {
  for (const part of parts) for (const field of SUM_FIELDS[part]) sums[field]![at] = Number.NaN;
}

/**
 * Add the sums of a piece to those of another: element `from` of `piece` to element `at` of `into`, in all columns of
 * `into`. So the sums of the blocks of an array, of the shards of a parameter, of the parameters of a layer are those of
 * the whole. `into` begins as {@link zeroSums}.
 *
 * @throws TypeError when the piece lacks a column.
 */
export function addSums(into: UpdateSums, at: number, piece: UpdateSums, from: number): void {
  addDeviation(into, at, piece, from, 'updateSum', 'updateDeviation');
  addDeviation(into, at, piece, from, 'weightSum', 'weightDeviation');
  for (const field of FIELDS) {
    const column = into[field];
    if (!column || field === 'updateDeviation' || field === 'weightDeviation') continue;
    const added = columnIn(piece, field)[from]!;
    // Math.max gives NaN where one is.
    column[at] = field === 'maxAbsUpdate' ? Math.max(column[at]!, added) : column[at]! + added;
  }
  into.size[at]! += piece.size[from]!;
}

/** Chan's formula: the squares about the mean of both, without the difference of two large sums. */
function addDeviation(
  into: UpdateSums,
  at: number,
  piece: UpdateSums,
  from: number,
  sum: 'updateSum' | 'weightSum',
  deviation: 'updateDeviation' | 'weightDeviation',
): void {
  const column = into[deviation];
  const count = piece.size[from]!;
  // A piece without elements adds nothing, unless it could not be compared.
  if (!column) return;
  const added = columnIn(piece, deviation)[from]!;
  const before = into.size[at]!;
  if (count > 0 && before > 0) {
    const apart = columnIn(piece, sum)[from]! / count - into[sum]![at]! / before;
    column[at]! += added + apart * apart * ((before * count) / (before + count));
  } else column[at]! += added;
}

function columnIn(piece: UpdateSums, field: SumField): Float64Array {
  const column = piece[field];
  if (column) return column;
  throw new TypeError(`sums: expected ${field} in the sums to add, got none; ask for the same parts of all pieces`);
}

/** The sums of groups of parameters, which are given by their indices: one element a group. */
export function groupSums(sums: UpdateSums, groups: readonly (readonly number[])[]): UpdateSums {
  const needsOrder = sums.updateDeviation !== undefined || sums.weightDeviation !== undefined;
  const grouped = needsOrder ? groupMembers(sums, groups) : groupColumns(sums, groups);
  if (!sums.histograms) return grouped;
  const histograms = Object.entries(sums.histograms).map(([subject, list]) => [
    subject,
    groups.map((members) => mergeHistograms(members.map((i) => list[i] ?? NO_HISTOGRAM))),
  ]);
  return { ...grouped, histograms: Object.fromEntries(histograms) };
}

/** Deviations are about the mean of what was added before: parameter by parameter. */
function groupMembers(sums: UpdateSums, groups: readonly (readonly number[])[]): UpdateSums {
  const none = new Float64Array(groups.length);
  const grouped: Mutable<UpdateSums> = { size: none.slice() };
  for (const field of FIELDS) if (sums[field]) grouped[field] = none.slice();
  groups.forEach((members, group) => {
    for (const member of members) addSums(grouped, group, sums, member);
  });
  return grouped;
}

/** All other columns add each by itself, which is several times faster. */
function groupColumns(sums: UpdateSums, groups: readonly (readonly number[])[]): UpdateSums {
  const grouped: Mutable<UpdateSums> = { size: totalsOf(sums.size, groups) };
  for (const field of FIELDS) {
    const column = sums[field];
    if (column) grouped[field] = field === 'maxAbsUpdate' ? greatestOf(column, groups) : totalsOf(column, groups);
  }
  return grouped;
}

function totalsOf(column: Float64Array, groups: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(groups, (members) => {
    let total = 0;
    for (const member of members) total += column[member]!;
    return total;
  });
}

function greatestOf(column: Float64Array, groups: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(groups, (members) => {
    let greatest = 0;
    // Gives NaN where one is.
    for (const member of members) greatest = Math.max(greatest, column[member]!);
    return greatest;
  });
}

/** The parts, histograms apart, that sums have all columns of. */
export function scalarPartsIn(sums: UpdateSums): readonly SumsPart[] {
  return (Object.keys(SUM_FIELDS) as ScalarPart[]).filter((part) => SUM_FIELDS[part].every((field) => sums[field]));
}

/** Sums of the same parameters that were asked for apart, as one. */
export function joinSums(list: readonly UpdateSums[]): UpdateSums {
  if (list.length === 1) return list[0]!;
  const histograms = Object.assign({}, ...list.map((sums) => sums.histograms));
  return Object.assign({}, ...list, { histograms });
}
