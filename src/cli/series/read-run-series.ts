import { filter, map } from 'rxjs';
import { checkOneOf } from '../../events/check-option.js';
import { ofMeasurement } from '../../operators/of-measurement.js';
import { requireColumn } from '../../parameters/require-column.js';
import { STATISTICS, type Statistic } from '../../parameters/statistics.js';
import { replay } from '../../records/replay.js';
import { SeriesByName, type StatisticSeries } from './series.js';

/** The series of a recorded run. */
export async function readRunSeries(file: string, statistic: string = 'updateNorm'): Promise<StatisticSeries> {
  const checked = checkOneOf('statistic', statistic as Statistic, STATISTICS);
  const found = new SeriesByName();
  let firstRun: string | undefined;
  await replay(file)
    .pipe(
      ofMeasurement('parameter-updates'),
      map((updates) => ({ updates, column: requireColumn(updates, checked, `a series of ${file}`) })),
      filter(({ column }) => column.length > 0),
    )
    .forEach(({ updates, column }) => {
      firstRun ??= updates.run;
      const prefix = updates.run === firstRun ? '' : `${updates.run}: `;
      for (const [i, name] of updates.names.entries()) found.add(`${prefix}${name}`, updates.step, column[i]!);
    });
  return { statistic, series: found.all };
}
