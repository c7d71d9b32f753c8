import { plain } from '../../events/index.js';
import { type AnyParameterUpdates, requireColumn, type Statistic } from '../../parameters/index.js';

/** One line a parameter, as the tutorial prints it. @throws TypeError when the statistic was not measured. */
export function updateLines(updates: AnyParameterUpdates, statistic: Statistic): string[] {
  const column = requireColumn(updates, statistic, 'consoleSink()');
  return updates.names.map((name, i) => `Parameter ${plain(name)} updated by: ${column[i]}`);
}
