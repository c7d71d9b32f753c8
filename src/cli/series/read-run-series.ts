import { checkOneOf } from '../../events/index.js';
import {
  type AnyParameterUpdates,
  columnOf,
  STATISTICS,
  type Statistic,
  statisticsOf,
} from '../../parameters/index.js';
import type { ReadRunOptions } from '../../records/index.js';
import type { Input } from '../input.js';
import { SeriesByName, type StatisticSeries } from './series.js';

/** The series of a recorded run. */
export async function readRunSeries(
  { name: file, records }: Input,
  asked: string | undefined,
  options: Pick<ReadRunOptions, 'onDamaged'>,
): Promise<StatisticSeries> {
  let statistic = asked === undefined ? undefined : checkOneOf('statistic', asked as Statistic, STATISTICS);
  const found = new SeriesByName();
  let firstRun: string | undefined;
  for await (const record of records(options)) {
    if (record.type !== 'parameter-updates' || record.names.length === 0) continue;
    statistic ??= usualStatistic(record);
    const column = recordedColumn(record, statistic, file);
    firstRun ??= record.run;
    const prefix = record.run === firstRun ? '' : `${record.run}: `;
    for (const [i, name] of record.names.entries()) found.add(`${prefix}${name}`, record.step, column[i]!);
  }
  return { statistic, series: found.all };
}

/** What is shown where nobody asks for a statistic. */
function usualStatistic(updates: AnyParameterUpdates): Statistic {
  const [first, ...others] = statisticsOf(updates);
  return first !== undefined && others.length === 0 ? first : 'updateNorm';
}

/** @throws RangeError that says which statistics were recorded. */
export function recordedColumn(updates: AnyParameterUpdates, statistic: Statistic, file: string): Float64Array {
  const column = columnOf(updates, statistic);
  if (column) return column;
  const there = statisticsOf(updates).join(', ') || 'none';
  throw new RangeError(
    `statistic: expected one of ${file} at step ${updates.step} (${there}), got ${JSON.stringify(statistic)}`,
  );
}
