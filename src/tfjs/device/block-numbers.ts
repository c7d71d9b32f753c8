import { addSums, SUM_FIELDS, type SumsWith, zeroSums } from '../../parameters/index.js';
import { type BlockTask, LARGEST_BLOCK } from './block-task.js';

/** The sums that blocks are added to. */
export type BlockSums = SumsWith<'norms' | 'extremes' | 'moments' | 'gradients'>;

/** What a program says of each kind of task. */
export const FIELDS_OF = {
  update: [...SUM_FIELDS.norms, ...SUM_FIELDS.extremes],
  moments: SUM_FIELDS.moments,
  squares: SUM_FIELDS.gradients,
} as const;

/**
 * Add the rows of a task, four numbers each, to the sums of its parameter: in float64, so that a sum is as exact as
 * those of its blocks, and counts are whole. Values that are nearly alike differ by less than float32 rounds their mean:
 * what is left of it is said too. What a program says of a block:
 *
 * | kind | numbers |
 * |---|---|
 * | `update` | max|d|, the norm of d, the norm of w, changed + 4096 · non-finite v |
 * | `moments` | of d, then of w: m, which is mean x as float32 has it, Σ(x − m), the norm of x − m, how many elements; last Σ|d|, Σ|w| |
 * | `squares` | four norms |
 *
 * A norm has the range of float32, where squares have half of it. One of −1 says NaN and −2 infinity: what a device makes
 * of those themselves is its own affair.
 */
export function addBlocks(kind: BlockTask['kind'], rows: ArrayLike<number>, sums: BlockSums, at: number): void {
  if (kind === 'update') addUpdate(rows, sums, at);
  else if (kind === 'moments') addMoments(rows, sums, at);
  else addSquares(rows, sums, at);
}

function addUpdate(rows: ArrayLike<number>, sums: BlockSums, at: number): void {
  let changed = 0;
  for (let i = 0; i < rows.length; i += 4) {
    // Math.max gives NaN where one is.
    sums.maxAbsUpdate[at] = Math.max(sums.maxAbsUpdate[at]!, magnitude(rows[i]!));
    sums.updateSquares[at]! += magnitude(rows[i + 1]!) ** 2;
    sums.weightSquares[at]! += magnitude(rows[i + 2]!) ** 2;
    const counts = rows[i + 3]!;
    changed += counts % (LARGEST_BLOCK + 1);
    sums.nonFinite[at]! += Math.floor(counts / (LARGEST_BLOCK + 1));
  }
  sums.unchanged[at] = sums.size[at]! - changed;
}

function addSquares(rows: ArrayLike<number>, { gradientSquares }: BlockSums, at: number): void {
  for (let i = 0; i < rows.length; i++) gradientSquares[at]! += magnitude(rows[i]!) ** 2;
}

function addMoments(rows: ArrayLike<number>, sums: BlockSums, at: number): void {
  const whole = zeroSums([0], ['moments']);
  for (let i = 0; i < rows.length; i += 12) {
    const piece = zeroSums([rows[i + 3]!], ['moments']);
    piece.updateSum[0] = sumOf(rows, i);
    piece.updateAbs[0] = rows[i + 8]!;
    piece.updateDeviation[0] = deviationOf(rows, i);
    piece.weightSum[0] = sumOf(rows, i + 4);
    piece.weightAbs[0] = rows[i + 9]!;
    piece.weightDeviation[0] = deviationOf(rows, i + 4);
    if (rows[i + 2]! < 0) spoil(piece.updateSum, piece.updateAbs, piece.updateDeviation, magnitude(rows[i + 2]!));
    if (rows[i + 6]! < 0) spoil(piece.weightSum, piece.weightAbs, piece.weightDeviation, magnitude(rows[i + 6]!));
    addSums(whole, 0, piece, 0);
  }
  sums.updateSum[at] = whole.updateSum[0]!;
  sums.updateAbs[at] = whole.updateAbs[0]!;
  sums.updateDeviation[at] = whole.updateDeviation[0]!;
  sums.weightSum[at] = whole.weightSum[0]!;
  sums.weightAbs[at] = whole.weightAbs[0]!;
  sums.weightDeviation[at] = whole.weightDeviation[0]!;
}

function sumOf(rows: ArrayLike<number>, at: number): number {
  return rows[at]! * rows[at + 3]! + rows[at + 1]!;
}

/** Σ(x − mean)² of Σ(x − m)². What rounding leaves of nothing is no less than nothing. */
function deviationOf(rows: ArrayLike<number>, at: number): number {
  const [rest, count] = [rows[at + 1]!, rows[at + 3]!];
  return Math.max(0, magnitude(rows[at + 2]!) ** 2 - (rest * rest) / count);
}

/** About a mean that is not finite, nothing deviates by a number. */
function spoil(sum: Float64Array, magnitudes: Float64Array, deviation: Float64Array, by: number): void {
  sum[0] = Number.NaN;
  magnitudes[0] = by;
  deviation[0] = Number.NaN;
}

function magnitude(code: number): number {
  if (code >= 0) return code;
  return code === -2 ? Infinity : Number.NaN;
}
