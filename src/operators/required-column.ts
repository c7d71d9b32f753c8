import { type AnyParameterUpdates, columnOf, statisticsOf } from '../parameters/parameter-updates.js';
import type { Statistic } from '../parameters/statistics.js';

/**
 * A statistic's column, for an operator that cannot do without it.
 *
 * @throws TypeError that says which statistics the updates have, and what to ask for.
 */
export function requiredColumn(updates: AnyParameterUpdates, statistic: Statistic, operator: string): Float64Array {
  const column = columnOf(updates, statistic);
  if (column) return column;
  throw new TypeError(
    `statistics: expected ${statistic} for ${operator}(), got only ${statisticsOf(updates).join(', ') || 'none'}; add ${JSON.stringify(statistic)} to parameterUpdates({ statistics })`,
  );
}
