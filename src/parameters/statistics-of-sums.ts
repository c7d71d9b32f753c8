import {
  type Comparison,
  type HistogramSubject,
  type Measure,
  STATISTICS,
  type Statistic,
  type StatisticColumns,
} from './statistics.js';
import { updateRatio } from './update-ratio.js';
import { type SumField, type SumsPart, scalarPartsIn, type UpdateSums } from './update-sums.js';

/** Of which sums a statistic is made, and how: always a column of its own, which whoever gets it may change. */
interface Formula {
  readonly needs: SumsPart;
  readonly column: (sums: UpdateSums) => Float64Array;
}

/** The formulas of all statistics. What they mean is in the table of `STATISTICS`. */
const FORMULAS: Readonly<Record<Statistic, Formula>> = {
  updateNorm: { needs: 'norms', column: (sums) => roots(sums, 'updateSquares') },
  weightNorm: { needs: 'norms', column: (sums) => roots(sums, 'weightSquares') },
  updateRatio: { needs: 'norms', column: (sums) => ratiosOfRoots(sums, 'updateSquares', 'weightSquares') },
  gradientNorm: { needs: 'gradients', column: (sums) => roots(sums, 'gradientSquares') },
  maxAbsUpdate: { needs: 'extremes', column: (sums) => columnIn(sums, 'maxAbsUpdate').slice() },
  unchanged: {
    needs: 'extremes',
    column: (sums) => {
      const { size } = sums;
      // Of an empty parameter nothing has changed; a count of NaN stays one.
      return columnIn(sums, 'unchanged').map((count, i) => (size[i] === 0 ? 1 + count : count / size[i]!));
    },
  },
  nonFinite: { needs: 'norms', column: (sums) => columnIn(sums, 'nonFinite').slice() },
  meanAbsRatio: {
    needs: 'moments',
    column: (sums) => {
      const weights = columnIn(sums, 'weightAbs');
      return columnIn(sums, 'updateAbs').map((update, i) => updateRatio(update, weights[i]!));
    },
  },
  stdRatio: { needs: 'moments', column: (sums) => ratiosOfRoots(sums, 'updateDeviation', 'weightDeviation') },
};

/** The parts of the sums that a measure needs. */
export function partsOf({ statistics, histograms = [] }: Measure): readonly SumsPart[] {
  const parts = new Set<SumsPart>();
  for (const statistic of statistics) parts.add(FORMULAS[statistic].needs);
  for (const subject of histograms) parts.add(`${subject}-histogram`);
  return [...parts];
}

/** The statistics that sums have the parts for. */
export function statisticsIn(sums: UpdateSums): readonly Statistic[] {
  const parts = scalarPartsIn(sums);
  return STATISTICS.filter((statistic) => parts.includes(FORMULAS[statistic].needs));
}

/** The statistics of sums that have the parts for them, in columns of their own. */
export function statisticsOfSums<S extends Statistic>(sums: UpdateSums, statistics: readonly S[]): StatisticColumns<S> {
  const columns: Partial<Record<Statistic, Float64Array>> = {};
  for (const statistic of statistics) columns[statistic] = FORMULAS[statistic].column(sums);
  return columns as StatisticColumns<S>;
}

/** What a measure asks for, of sums that have the parts for it. Nothing of it is shared with the sums. */
export function comparisonOf<S extends Statistic>(
  sums: UpdateSums,
  { statistics, histograms = [] }: Measure<S>,
): Comparison<S> {
  const columns = statisticsOfSums(sums, statistics);
  const counted = histograms.map((subject: HistogramSubject) => [
    subject,
    sums.histograms![subject]!.map((histogram) => ({ ...histogram, counts: [...histogram.counts] })),
  ]);
  return { columns, histograms: Object.fromEntries(counted) };
}

/**
 * The sums that statistics were made of: what can be said of parameters together needs no more than what was said of
 * each. Sums that take both norms, or the moments, are not to be had of ratios.
 */
export function sumsOfStatistics(sizes: ArrayLike<number>, columns: Partial<StatisticColumns>): UpdateSums {
  const { updateNorm, weightNorm, gradientNorm, maxAbsUpdate, unchanged, nonFinite } = columns;
  const sums = {
    size: new Float64Array(sizes),
    updateSquares: updateNorm && squaresOf(updateNorm),
    weightSquares: weightNorm && squaresOf(weightNorm),
    gradientSquares: gradientNorm && squaresOf(gradientNorm),
    maxAbsUpdate,
    unchanged: unchanged?.map((share, i) => share * sizes[i]!),
    nonFinite,
  };
  return sums as UpdateSums;
}

function squaresOf(norms: Float64Array): Float64Array {
  const squares = new Float64Array(norms.length);
  for (let i = 0; i < squares.length; i++) squares[i] = norms[i]! * norms[i]!;
  return squares;
}

function columnIn(sums: UpdateSums, field: SumField): Float64Array {
  const column = sums[field];
  if (column) return column;
  throw new TypeError(`sums: expected ${field}, got sums without; ask for the part that has it`);
}

function roots(sums: UpdateSums, field: SumField): Float64Array {
  const squares = columnIn(sums, field);
  const column = new Float64Array(squares.length);
  for (let i = 0; i < column.length; i++) column[i] = Math.sqrt(squares[i]!);
  return column;
}

function ratiosOfRoots(sums: UpdateSums, changes: SumField, values: SumField): Float64Array {
  const [above, below] = [columnIn(sums, changes), columnIn(sums, values)];
  const column = new Float64Array(above.length);
  for (let i = 0; i < column.length; i++) column[i] = updateRatio(Math.sqrt(above[i]!), Math.sqrt(below[i]!));
  return column;
}
