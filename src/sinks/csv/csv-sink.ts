import { checkOneOf, checkOptions, type Sink } from '../../events/index.js';
import { type AnyParameterUpdates, requireUpdates, STATISTICS, type Statistic } from '../../parameters/index.js';
import { createSink, type SinkWork } from '../create-sink.js';
import { RecordFile } from '../files/record-file.js';
import { wholeRecords } from '../whole-records.js';
import { continueCsv, isUpdatesCsv } from './continue-csv.js';
import { CSV_LAYOUTS, type CsvEncoder, type CsvLayout, csvEncoder } from './encoder/csv-encoder.js';

/** Options of {@link csvSink}: what the file holds, and whether it goes on with one that is there. */
export interface CsvSinkOptions {
  /** Which rows and columns: see {@link csvSink}. Default: `wide`. */
  readonly layout?: CsvLayout;
  /** What the cells of the layouts `wide` and `tutorial` hold. Default: `updateNorm`. */
  readonly statistic?: Statistic;
  /** Go on after the rows of an existing file, which must have the same columns. Default: the file is replaced. */
  readonly append?: boolean;
  /**
   * Put a `'` before names that a spreadsheet would compute (`=1+1`) or take for a number, or pandas for missing (`NA`,
   * `null`), and before those that begin with one. Default: only in the layout `long`, where names are cells.
   */
  readonly guardNames?: boolean;
}

/**
 * Writes parameter updates to a CSV file as the training goes.
 *
 * | layout | columns | rows |
 * |---|---|---|
 * | `wide` | `step`, then one a parameter: the value of one statistic | one a step |
 * | `tutorial` | one a parameter; numbers as Python prints them (the file of Python's `csv.DictWriter`) | one a step |
 * | `long` | `run`, `step`, `epoch`, `time` (ms since 1970), `loss`, `learning_rate`, `parameter`, `size` (elements), then one a statistic (`update_norm` and so on) | one a step and parameter |
 *
 * The form is RFC 4180 in UTF-8, with CR LF. Every step is in the file before `next` returns: nothing is collected in
 * memory, and nothing is lost when the process is killed; only a row that is just being written can be torn, which then
 * has no end of line. The folder is made if it is missing.
 *
 * In the layout `long`, a loss, a rate or an epoch that the loop does not know is an empty cell; a loss of NaN is `NaN`.
 *
 * The first updates fix the columns. A parameter that a later step lacks has an empty cell; one that has no column
 * rejects `closed` (under `attach`: one `sink-error`) and leaves the rows before it whole; so does a disk that is full,
 * a file that somebody removed, and, at the end, one that somebody cut or wrote to during the run.
 *
 * The file is this sink's alone until it is closed, also for other processes (by a `.lock` file beside it).
 *
 * @throws TypeError for an option that is wrong, Error for a path that cannot be written, with the reason and the fix;
 * for a file that another sink writes, and for one to be replaced that has other than updates, which is left as it is.
 *
 * @example
 * ```ts
 * import { observe, parameterUpdates } from 'trainscope';
 * import { csvSink } from 'trainscope/node';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.attach(run.events$.pipe(parameterUpdates()), csvSink('results/parameter_updates.csv'));
 * ```
 */
export function csvSink(path: string, options: CsvSinkOptions = {}): Sink<AnyParameterUpdates> {
  checkOptions('csvSink', options, { layout: true, statistic: true, append: true, guardNames: true });
  const { layout = 'wide', statistic = 'updateNorm', append = false, guardNames = layout === 'long' } = options;
  checkOneOf('layout', layout, CSV_LAYOUTS);
  checkOneOf('statistic', statistic, STATISTICS);
  if (layout === 'long' && options.statistic !== undefined) {
    throw new TypeError(
      `statistic: expected none with layout 'long', which has them all; got ${JSON.stringify(statistic)}`,
    );
  }
  const file = new RecordFile(path, { append, isOurs: isUpdatesCsv });
  let encoder: CsvEncoder | undefined;
  const work: SinkWork<AnyParameterUpdates> = {
    take(updates) {
      // What somebody has cut during the run is continued as another run's file is.
      if (file.wasCut() && encoder && file.size > 0) continueCsv(file, path, encoder);
      encoder ??= begin(csvEncoder(layout, statistic, updates, guardNames));
      const rows = encoder.encodeBytes(updates);
      file.append(file.size === 0 ? Buffer.concat([Buffer.from(encoder.header), rows]) : rows);
    },
    end: () => file.close(),
  };
  return createSink(
    `csvSink(${path})`,
    wholeRecords(work, (updates) => requireUpdates(updates, 'csvSink()')),
  );

  function begin(fixed: CsvEncoder): CsvEncoder {
    if (file.size > 0) continueCsv(file, path, fixed);
    return fixed;
  }
}
