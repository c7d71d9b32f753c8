import type { AnyParameterUpdates } from '../../parameters/parameter-updates.js';
import { columnOf } from '../../parameters/parameter-updates.js';
import type { Statistic } from '../../parameters/statistics.js';
import { plain } from './format.js';

/** One line a parameter, as the tutorial prints it. */
export function updateLines(updates: AnyParameterUpdates, statistic: Statistic): string[] {
  const column = columnOf(updates, statistic);
  return column ? updates.names.map((name, i) => `Parameter ${plain(name)} updated by: ${column[i]}`) : [];
}
