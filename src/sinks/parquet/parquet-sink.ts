import { checkNotNegative, checkOptions, checkPositiveInteger, type Sink } from '../../events/index.js';
import { type AnyParameterUpdates, requireUpdates } from '../../parameters/index.js';
import { createSink, type SinkWork } from '../create-sink.js';
import { PartFolder } from '../files/part-folder.js';
import { wholeRecords } from '../whole-records.js';
import { encodePart } from './encode-part.js';
import { type StepRows, stepRows } from './step-rows.js';
import { isWrittenByUs } from './written-by-us.js';

/** Options of {@link parquetSink}: how large its files are, and how often one is written. */
export interface ParquetSinkOptions {
  /** Go on with another file after those of the folder. Default: they are replaced. */
  readonly append?: boolean;
  /** Rows of a file at most, which wait in memory until it is full. Default: 65,536. */
  readonly rowsPerPart?: number;
  /**
   * Milliseconds between two writings of a file that is not full, at least: one that takes long is not repeated before a
   * hundred times its duration has gone by. Default: 10,000.
   */
  readonly intervalMs?: number;
  /** Milliseconds since any moment, never set back. Default: `performance.now`. */
  readonly clock?: () => number;
}

const ROWS_PER_PART = 65_536;
const INTERVAL_MS = 10_000;
/** Of the time of a training, writing what is not full takes a hundredth at most. */
const COST_SHARE = 100;

/**
 * Writes parameter updates to a folder of Parquet files, for DuckDB, Spark, pandas and whatever else reads them: one row a
 * parameter and step. Give each run a folder, all of them in one, and thousands of runs are one table: docs/scale.md has
 * questions to ask it.
 *
 * | column | type | |
 * |---|---|---|
 * | `run`, `parameter`, `layer` | string | the layer as by `layerOf` |
 * | `step`, `size` | int64 | `size` in elements |
 * | `time` | timestamp in UTC, to the millisecond | |
 * | `epoch`, `loss`, `learning_rate` | float64 | |
 * | `update_norm`, `weight_norm`, `update_ratio`, `gradient_norm`, `max_abs_update`, `unchanged`, `non_finite`, `mean_abs_ratio`, `std_ratio` | float64 | |
 *
 * All files have all columns: what is not known, such as a statistic that was not measured or a loss that was never
 * shown, is null; NaN and the infinities are themselves. Histograms are left out.
 *
 * The files are called `part-00000.parquet` and so on, each of whole steps (but where one step has more rows than a file),
 * one row group a file. Each is written beside and moved, so that all that are there are whole. The last is written again
 * with more rows until it is full: when `flush()` is called, at the end, and now and then as updates come. A process that
 * is killed loses what came since.
 *
 * The folder is made if it is missing, and is this sink's alone until it is closed, also for other processes (by a file
 * `.lock` in it, which readers pass over). A disk that is full rejects `closed` (under `attach`: one `sink-error`).
 *
 * @throws TypeError for an option that is wrong; Error for a folder that cannot be written, with the reason and the fix,
 * for one that another sink writes, and for one that has Parquet files of others, which is left as it is.
 *
 * @example
 * ```ts
 * import { observe, parameterUpdates } from 'trainscope';
 * import { parquetSink } from 'trainscope/node';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) }, { run: 'adam-1e-3' });
 * run.attach(run.events$.pipe(parameterUpdates()), parquetSink('runs/adam-1e-3'));
 * ```
 */
export function parquetSink(path: string, options: ParquetSinkOptions = {}): Sink<AnyParameterUpdates> {
  checkOptions('parquetSink', options, { append: true, rowsPerPart: true, intervalMs: true, clock: true });
  const { append = false, rowsPerPart = ROWS_PER_PART, intervalMs = INTERVAL_MS } = options;
  const { clock = () => performance.now() } = options;
  checkPositiveInteger('rowsPerPart', rowsPerPart);
  checkNotNegative('intervalMs', intervalMs);
  const folder = new PartFolder(path, { append, extension: '.parquet', isOurs: isWrittenByUs });
  let waiting: StepRows[] = [];
  let rows = 0;
  let unwritten = false;
  let nextAt = clock() + intervalMs;

  const write = () => {
    if (!unwritten) return;
    const begin = clock();
    folder.write(encodePart(waiting));
    unwritten = false;
    const end = clock();
    nextAt = end + Math.max(intervalMs, COST_SHARE * (end - begin));
  };
  const beginPart = () => {
    write();
    folder.next();
    waiting = [];
    rows = 0;
  };
  const work: SinkWork<AnyParameterUpdates> = {
    take(updates) {
      folder.signOfLife();
      for (const piece of stepRows(updates, rowsPerPart)) {
        if (rows > 0 && rows + piece.end - piece.begin > rowsPerPart) beginPart();
        waiting.push(piece);
        rows += piece.end - piece.begin;
        unwritten = true;
      }
      if (rows >= rowsPerPart) beginPart();
      else if (clock() >= nextAt) write();
    },
    flush: write,
    end() {
      try {
        write();
      } finally {
        folder.close();
      }
    },
  };
  return createSink(
    `parquetSink(${path})`,
    wholeRecords(work, (updates) => requireUpdates(updates, 'parquetSink()')),
  );
}
