import { readSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { checkOneOf, checkOptions } from '../../events/check-option.js';
import type { Sink } from '../../events/sink.js';
import type { AnyParameterUpdates } from '../../parameters/parameter-updates.js';
import { requireUpdates } from '../../parameters/require-updates.js';
import { STATISTICS, type Statistic } from '../../parameters/statistics.js';
import { createSink } from '../create-sink.js';
import { RecordFile } from '../record-file.js';
import { CSV_LAYOUTS, type CsvEncoder, type CsvLayout, csvEncoder } from './csv-encoder.js';
import { wholeLines } from './whole-lines.js';

export interface CsvSinkOptions {
  /** Which rows and columns: see {@link csvSink}. Default: `wide`. */
  readonly layout?: CsvLayout;
  /** What the cells of the layouts `wide` and `tutorial` hold. Default: `updateNorm`. */
  readonly statistic?: Statistic;
  /** Go on after the rows of an existing file, which must have the same columns. Default: the file is replaced. */
  readonly append?: boolean;
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
 * The first updates fix the columns. A parameter that a later step lacks has an empty cell; one that has no column
 * rejects `closed` (under `attach`: one `sink-error`) and leaves the rows before it whole; so does a disk that is full.
 *
 * @throws TypeError for an option that is wrong, Error for a path that cannot be written, with the reason and the fix.
 *
 * @example
 * ```ts
 * import { parameterUpdates } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 * import { csvSink } from 'trainscope/node';
 *
 * const training = instrument(model);
 * training.attach(training.events$.pipe(parameterUpdates()), csvSink('results/parameter_updates.csv'));
 * ```
 */
export function csvSink(path: string, options: CsvSinkOptions = {}): Sink<AnyParameterUpdates> {
  checkOptions('csvSink', options, { layout: true, statistic: true, append: true });
  const { layout = 'wide', statistic = 'updateNorm', append = false } = options;
  checkOneOf('layout', layout, CSV_LAYOUTS);
  checkOneOf('statistic', statistic, STATISTICS);
  if (layout === 'long' && options.statistic !== undefined) {
    throw new TypeError(
      `statistic: expected none with layout 'long', which has them all; got ${JSON.stringify(statistic)}`,
    );
  }
  const file = new RecordFile(path, { append });
  const header = append ? headerOf(file) : '';
  let encoder: CsvEncoder | undefined;
  return createSink<AnyParameterUpdates>(`csvSink(${path})`, {
    take(updates) {
      requireUpdates(updates, 'csvSink()');
      encoder ??= begin(csvEncoder(layout, statistic, updates));
      file.append(encoder.encode(updates));
    },
    end: () => file.close(),
  });

  function begin(fixed: CsvEncoder): CsvEncoder {
    if (header === '') file.append(fixed.header);
    else if (header !== fixed.header) throw differentColumns(path, header, fixed.columns);
    return fixed;
  }
}

/** The first row of a file to be continued, after what a kill tore off at its end has been cut away. */
function headerOf(file: RecordFile): string {
  const { headerSize, size } = wholeLines(file.fd);
  if (size < file.size) file.truncate(size);
  const header = Buffer.alloc(headerSize);
  readSync(file.fd, header, 0, headerSize, 0);
  return header.toString();
}

function differentColumns(path: string, header: string, columns: readonly string[]): RangeError {
  const [existing = []] = parse(header);
  const missing = columns.filter((column) => !existing.includes(column));
  const gone = existing.filter((column) => !columns.includes(column));
  const difference = [
    missing.length > 0 && `the file does not have ${missing.join(', ')}`,
    gone.length > 0 && `this run does not have ${gone.join(', ')}`,
  ].filter(Boolean);
  return new RangeError(
    `append: expected the columns of ${JSON.stringify(path)}, got others (${difference.join('; ') || 'they are in another order'}); ` +
      'choose another path, or leave append out to replace the file',
  );
}
