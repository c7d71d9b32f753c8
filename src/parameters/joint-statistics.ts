import { type AnyParameterUpdates, columnOf } from './parameter-updates.js';
import type { Statistic, StatisticColumns } from './statistics.js';
import { statisticsOfSums, sumsOfStatistics } from './statistics-of-sums.js';
import { updateRatio } from './update-ratio.js';
import { groupSums } from './update-sums.js';

const NORMS = ['updateNorm', 'weightNorm', 'gradientNorm'] as const satisfies readonly JointStatistic[];

/** What can be said of several parameters together, taken as one vector. */
export type JointStatistic = 'updateNorm' | 'weightNorm' | 'gradientNorm' | 'updateRatio';

/** The norms of all parameters together, and the ratio of two of them, where the updates have them. */
export function jointStatistics(updates: AnyParameterUpdates): { readonly [S in JointStatistic]?: number } {
  const found: { [S in JointStatistic]?: number } = {};
  const columns = jointColumns(updates, [Array.from(updates.names.keys())]);
  for (const statistic of Object.keys(columns) as JointStatistic[]) found[statistic] = columns[statistic]![0]!;
  return found;
}

/** As {@link jointStatistics}, of each group of parameters: one element a group, which is given by its indices. */
export function jointColumns(
  updates: AnyParameterUpdates,
  groups: readonly (readonly number[])[],
): { readonly [S in JointStatistic]?: Float64Array } {
  const columns: { [S in JointStatistic]?: Float64Array } = {};
  for (const statistic of NORMS) {
    const norms = columnOf(updates, statistic);
    if (norms) columns[statistic] = jointNorms(norms, groups);
  }
  const { updateNorm, weightNorm } = columns;
  if (updateNorm && weightNorm) columns.updateRatio = updateNorm.map((norm, i) => updateRatio(norm, weightNorm[i]!));
  return columns;
}

function jointNorms(norms: Float64Array, groups: readonly (readonly number[])[]): Float64Array {
  const joint = new Float64Array(groups.length);
  for (let group = 0; group < joint.length; group++) {
    let squares = 0;
    for (const member of groups[group]!) squares += norms[member]! * norms[member]!;
    joint[group] = Math.sqrt(squares);
  }
  return joint;
}

/**
 * What would be measured of all elements of a group at once: the statistics of the sums of its parameters. The updates
 * must have them; for `updateRatio`, both norms.
 */
export function groupColumns<S extends Exclude<Statistic, 'meanAbsRatio' | 'stdRatio'>>(
  updates: AnyParameterUpdates,
  groups: readonly (readonly number[])[],
  statistics: readonly S[],
): StatisticColumns<S> {
  const needed: readonly Statistic[] = (statistics as readonly Statistic[]).flatMap((statistic) =>
    statistic === 'updateRatio' ? ['updateNorm', 'weightNorm'] : [statistic],
  );
  const columns = Object.fromEntries(needed.map((statistic) => [statistic, columnOf(updates, statistic)]));
  return statisticsOfSums(groupSums(sumsOfStatistics(updates.sizes, columns), groups), statistics);
}
