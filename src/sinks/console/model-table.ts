import { modelOf, modelTotals, plain, shapesText } from '../../events/index.js';
import { aligned } from './aligned.js';
import type { ConsoleTable } from './console-table.js';
import { shorten } from './format.js';

const LONGEST_NAME = 32;

/**
 * For the `tables` of {@link consoleSink}: what the model is made of, when a training begins; a row a layer.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { consoleSink, modelTable } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const training = instrument(model);
 * training.attach(training.events$, consoleSink({ tables: [modelTable] }));
 * ```
 */
export const modelTable: ConsoleTable = (record, width) => {
  const model = modelOf(record);
  if (!model) return [];
  const rows = model.layers.map(({ name, kind, outputShapes, parameters, trainable }) => [
    shorten(plain(name), LONGEST_NAME),
    plain(kind),
    shapesText(outputShapes),
    whole(parameters),
    whole(trainable),
  ]);
  const { parameters, trainable } = modelTotals(model);
  return [
    ...aligned([['layer', 'kind', 'output shape', 'parameters', 'trainable'], ...rows]).map((line) =>
      line.slice(0, width),
    ),
    `${whole(parameters)} parameters, ${whole(trainable)} trainable`,
  ];
};

function whole(value: number): string {
  return value.toLocaleString('en');
}
