import type { DamagedLineError } from '../../records/index.js';
import { openInput } from '../input.js';
import { readCsvSeries } from './read-csv-series.js';
import { readRunSeries } from './read-run-series.js';
import type { StatisticSeries } from './series.js';

export interface ReadSeriesOptions {
  /** Default: `updateNorm`, or the only one there is. */
  readonly statistic?: string;
  /** Called for each damaged line of a recorded run, which is then left out. */
  readonly onDamaged?: (damage: DamagedLineError) => void;
}

/**
 * One statistic of every parameter in a file: a recorded run, or a CSV file.
 *
 * @throws Error for a file that cannot be read, or has no updates, with the line where it is damaged.
 */
export async function readSeries(
  file: string,
  { statistic, onDamaged }: ReadSeriesOptions = {},
): Promise<StatisticSeries> {
  const input = await openInput(file);
  const read = input.isRun
    ? await readRunSeries(input, statistic, onDamaged ? { onDamaged } : {})
    : await readCsvSeries(input, statistic);
  if (read.series.length > 0) return read;
  throw new Error(`${input.name}: expected updates of parameters, got none; record parameterUpdates() too`);
}
