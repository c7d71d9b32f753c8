import { type AnyParameterUpdates, columnOf, statisticsOf } from '../parameters/parameter-updates.js';
import type { Statistic } from '../parameters/statistics.js';

/** The column of a statistic. @throws RangeError that lists the statistics there are, and says how to get this one. */
export function requireColumn(updates: AnyParameterUpdates, statistic: Statistic): Float64Array {
  const column = columnOf(updates, statistic);
  if (column) return column;
  throw new RangeError(
    `statistic: expected one that the updates have (${statisticsOf(updates).join(', ')}), got "${statistic}"; ` +
      `ask for it by parameterUpdates({ statistics: ['${statistic}'] })`,
  );
}
