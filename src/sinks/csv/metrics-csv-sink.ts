import {
  checkOptions,
  confusionOf,
  type EventOf,
  guardText,
  namedMetrics,
  perClassAccuracy,
  type RunRecord,
  type Sink,
  textCell,
} from '../../events/index.js';
import { createSink, type SinkWork } from '../create-sink.js';
import { RecordFile } from '../files/record-file.js';
import { requireRunRecord } from '../require-record.js';
import { wholeRecords } from '../whole-records.js';
import { continueCsv, isUpdatesCsv } from './continue-csv.js';
import { numeral } from './encoder/numeral.js';

/** Options of {@link metricsCsvSink}: whether it goes on with a file that is there. */
export interface MetricsCsvSinkOptions {
  /** Go on after the rows of an existing file. Default: the file is replaced. */
  readonly append?: boolean;
}

const COLUMNS = ['run', 'step', 'epoch', 'time', 'phase', 'metric', 'class', 'value'] as const;
const HEADER = `${COLUMNS.join()}\r\n`;

/**
 * Writes the metrics of a run to a CSV file: one row a metric that is logged, evaluated or predicted, and for each class
 * of a confusion matrix one for its `accuracy`, its `precision` and its `count` of examples.
 *
 * `phase` is `train`, `evaluate` or `predict`; `metric` is the name without what says that (`loss` of `val_loss`);
 * `class` is empty for what is of all examples. Every row is in the file before `next` returns; the form, and what becomes
 * of files that are there, is as with {@link csvSink}. Texts that a spreadsheet would compute or take for a number have a
 * `'` before them.
 *
 * @throws TypeError for an option that is wrong, Error for a path that cannot be written, with the reason and the fix.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { instrument } from 'trainscope/tfjs';
 * import { metricsCsvSink } from 'trainscope/node';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const [x, y] = [tf.randomNormal([64, 4]), tf.randomNormal([64, 1])];
 * const training = instrument(model);
 * training.attach(training.events$, metricsCsvSink('results/metrics.csv'));
 * await model.fit(x, y, { epochs: 20, validationSplit: 0.1, callbacks: training.callbacks() });
 * ```
 */
export function metricsCsvSink(path: string, options: MetricsCsvSinkOptions = {}): Sink<RunRecord> {
  const { append = false } = checkOptions('metricsCsvSink', options, { append: true });
  const file = new RecordFile(path, { append, isOurs: isUpdatesCsv });
  const goOn = () => continueCsv(file, path, { columns: COLUMNS, header: HEADER });
  if (file.size > 0) file.orClose(goOn);
  const work: SinkWork<RunRecord> = {
    take(record) {
      if (record.type !== 'log' && record.type !== 'evaluate' && record.type !== 'predict') return;
      const rows = rowsOf(record);
      if (rows === '') return;
      if (file.wasCut() && file.size > 0) goOn();
      file.append(Buffer.from(file.size === 0 ? HEADER + rows : rows));
    },
    end: () => file.close(),
  };
  return createSink(
    `metricsCsvSink(${path})`,
    wholeRecords(work, (record) => requireRunRecord(record, 'metricsCsvSink()')),
  );
}

function rowsOf(event: EventOf<'log' | 'evaluate' | 'predict'>): string {
  const { run, step, epoch, time, type, metrics } = event;
  const at = [text(run), numeral(step), Number.isNaN(epoch) ? '' : numeral(epoch), numeral(time)].join();
  const row = (phase: string, metric: string, name: string, value: number) =>
    `${at},${phase},${text(metric)},${name && text(name)},${numeral(value)}\r\n`;
  const matrix = confusionOf(event);
  return [
    ...namedMetrics(type, metrics).map(({ phase, name, value }) => row(phase, name, '', value)),
    ...(matrix ? perClassAccuracy(matrix) : []).flatMap(({ name, ...found }) =>
      Object.entries(found).map(([metric, value]) => row(type, metric, name, value)),
    ),
  ].join('');
}

function text(value: string): string {
  return textCell(guardText(value));
}
