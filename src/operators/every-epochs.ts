import { checkPositiveInteger } from '../events/index.js';
import type { Schedule } from './schedule.js';

/**
 * The first step, and from then on the first step of every n-th epoch.
 *
 * A loop that never says where its epochs begin (no `training.callbacks()`) stays in its first one.
 *
 * @throws TypeError when `n` is not a positive integer.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { everyEpochs, parameterUpdates } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const [x, y] = [tf.randomNormal([64, 4]), tf.randomNormal([64, 1])];
 * const training = instrument(model);
 * training.events$.pipe(parameterUpdates({ when: everyEpochs(1) })).subscribe(({ epoch }) => console.log(epoch));
 * await model.fit(x, y, { epochs: 3, callbacks: training.callbacks() }); // 0, 1, 2
 * ```
 */
export function everyEpochs(n: number): Schedule {
  checkPositiveInteger('n', n);
  return (_step, { epoch, previousEpoch }) => Math.floor(epoch / n) !== Math.floor(previousEpoch / n);
}
