import { type AnyParameterUpdates, columnOf, statisticsOf } from './parameter-updates.js';
import { requireUpdates } from './require-updates.js';
import type { Statistic } from './statistics.js';

/**
 * A statistic's column, for whoever cannot do without it: `user` says who, such as `topUpdates()`.
 *
 * @throws TypeError that says which statistics the updates have, and what to ask for; or that these are no updates.
 */
export function requireColumn(updates: AnyParameterUpdates, statistic: Statistic, user: string): Float64Array {
  requireUpdates(updates, user);
  const column = columnOf(updates, statistic);
  if (column) return column;
  throw new TypeError(
    `statistics: expected ${statistic} for ${user}, got only ${statisticsOf(updates).join(', ') || 'none'}; add ${JSON.stringify(statistic)} to parameterUpdates({ statistics })`,
  );
}
