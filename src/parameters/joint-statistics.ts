import { type AnyParameterUpdates, columnOf } from './parameter-updates.js';
import { jointNorm, updateRatio } from './update-ratio.js';

const NORMS = ['updateNorm', 'weightNorm', 'gradientNorm'] as const;

/** What can be said of several parameters together, taken as one vector. */
export type JointStatistic = (typeof NORMS)[number] | 'updateRatio';

/** The norms of all parameters together, and the ratio of two of them, where the updates have them. */
export function jointStatistics(updates: AnyParameterUpdates): { readonly [S in JointStatistic]?: number } {
  const found: { [S in JointStatistic]?: number } = {};
  for (const statistic of NORMS) {
    const column = columnOf(updates, statistic);
    if (column) found[statistic] = jointNorm(column);
  }
  const { updateNorm, weightNorm } = found;
  if (updateNorm !== undefined && weightNorm !== undefined) found.updateRatio = updateRatio(updateNorm, weightNorm);
  return found;
}

/** As {@link jointStatistics}, of each group of parameters: one element a group, which is given by its indices. */
export function jointColumns(
  updates: AnyParameterUpdates,
  groups: readonly (readonly number[])[],
): { readonly [S in JointStatistic]?: Float64Array } {
  const columns: { [S in JointStatistic]?: Float64Array } = {};
  for (const statistic of NORMS) {
    const column = columnOf(updates, statistic);
    if (column) columns[statistic] = Float64Array.from(groups, (members) => jointNorm(members.map((i) => column[i]!)));
  }
  const { updateNorm, weightNorm } = columns;
  if (updateNorm && weightNorm) columns.updateRatio = updateNorm.map((norm, i) => updateRatio(norm, weightNorm[i]!));
  return columns;
}
