import { plain } from '../../events/index.js';
import { VALUE_STATISTICS } from '../../parameters/index.js';
import { aligned } from './aligned.js';
import type { ConsoleTable } from './console-table.js';
import { shorten, threeDigits } from './format.js';

const TITLES = ['min', 'max', 'mean', 'std', 'zeros', 'NaN', 'infinite'];
const CELL = 10;
const LEAST_NAME = 12;

/**
 * For the `tables` of {@link consoleSink}: the values that `parameterValues()` found, a row a parameter, as many columns as
 * there is room for.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { consoleSink, valuesTable } from 'trainscope';
 * import { instrument, parameterValues } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const training = instrument(model);
 * training.attach(training.events$.pipe(parameterValues(model)), consoleSink({ tables: [valuesTable] }));
 * ```
 */
export const valuesTable: ConsoleTable = (record, width) => {
  if (record.type !== 'parameter-values') return [];
  const { step, names, columns } = record;
  const shown = VALUE_STATISTICS.slice(0, Math.max(1, Math.floor((width - LEAST_NAME) / CELL)));
  const nameWidth = Math.max(LEAST_NAME, width - shown.length * CELL);
  const rows = names.map((name, i) => [
    shorten(plain(name), nameWidth),
    ...shown.map((statistic) => cell(columns[statistic]?.[i] ?? Number.NaN)),
  ]);
  return [`step ${step}  values`, ...aligned([['parameter', ...TITLES.slice(0, shown.length)], ...rows])];
};

function cell(value: number): string {
  return Number.isInteger(value) ? String(value) : threeDigits(value);
}
