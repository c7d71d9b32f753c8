import type { Optimizer, Scalar } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  checkOptions,
  checkPositive,
  checkPositiveInteger,
  checkThat,
  describeValue,
  nextTask,
  type OptionNames,
  withoutName,
} from '../../events/index.js';
import { groupByLayer, parameterUpdates } from '../../operators/index.js';
import { medianOf } from '../../parameters/index.js';
import { type LearningRateSuggestion, RangeTestRecorder, risingRates, suggestionOf } from '../../range-test/index.js';
import { instrument } from '../instrument.js';
import { setLearningRate } from '../learning-rate.js';
import { checkNotObserved } from '../optimizer-hooks.js';
import { type InstrumentTarget, resolveTarget } from '../target.js';
import type { Training } from '../training.js';
import { batchesOf, type RangeTestData } from './batches.js';
import { type MakeUpdate, updatesByBatches, updatesByLoss, WatchedUpdates } from './updates.js';

/** Options of a test over a range of rates: from where to where, and in how many updates. */
export interface RangeTestOptions {
  /** The lowest rate. Default: 1e-7. */
  readonly min?: number;
  /** The highest rate. Default: 10. */
  readonly max?: number;
  /** Updates from the lowest to the highest rate. Default: 100. */
  readonly steps?: number;
}

/** Options of {@link suggestLearningRate}: the range to test, and how large batches are. */
export interface SuggestLearningRateOptions extends RangeTestOptions {
  /** Of data that are all examples, how many make a batch. Default: 32. */
  readonly batchSize?: number;
}

const OPTIONS: OptionNames<SuggestLearningRateOptions> = { min: true, max: true, steps: true, batchSize: true };

/** With fewer, nothing can be seen of a decade. */
const FEWEST_STEPS = 20;

/**
 * Suggest a learning rate, by a range test (Smith, 2017): some updates with a rate that rises from far too low to far too
 * high, and where the loss begins to suffer.
 *
 * Each batch's loss is compared with what the same batch's loss was with the first weights, so that the curve is not lost
 * in the differences between batches; that takes one more forward pass an update. The test ends early where the loss
 * diverges. Then everything is put back to the bit: weights, batch norm's statistics, the optimizer's state, its rate.
 * Nothing else may train the model meanwhile.
 *
 * Of a compiled `LayersModel`, `data` are examples `{ xs, ys }`, or batches of them: a `tf.data.Dataset`, or an iterable,
 * which is begun anew where it ends. Batches that it makes are disposed after use. Of a loop by hand give the optimizer,
 * and a function that gives the loss of the n-th update.
 *
 * What cannot be put back: the states of stateful layers; what a loss of one's own counts by itself (dropout masks, say:
 * name them by the step); what an optimizer that is not of `tf.train` keeps in places of its own, unless it has `state()`
 * and `restore()`, as AdamW does.
 *
 * @throws TypeError for a target, data or options that make no test; Error for a target that is instrumented: call it
 * before. What the model, the data or the loss throw, with everything put back.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { instrument, suggestLearningRate } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const [x, y] = [tf.randomNormal([64, 4]), tf.randomNormal([64, 1])];
 * const suggestion = await suggestLearningRate(model, { xs: x, ys: y });
 * if (suggestion.found) console.log(`try ${suggestion.learningRate}`);
 * else console.log(suggestion.message);
 * ```
 */
export async function suggestLearningRate(
  model: LayersModel,
  data: RangeTestData,
  options?: SuggestLearningRateOptions,
): Promise<LearningRateSuggestion>;
export async function suggestLearningRate(
  optimizer: Optimizer,
  loss: (step: number) => Scalar,
  options?: RangeTestOptions,
): Promise<LearningRateSuggestion>;
export async function suggestLearningRate(
  target: InstrumentTarget,
  data: RangeTestData | ((step: number) => Scalar),
  options: SuggestLearningRateOptions = {},
): Promise<LearningRateSuggestion> {
  const { optimizer, model } = resolveTarget(target, 'suggestLearningRate');
  const { min, max, steps, batchSize } = checked(options, model !== undefined);
  checkNotObserved(optimizer);
  const make = model ? modelUpdates(model, data, batchSize) : lossUpdates(optimizer, data);
  const watched = new WatchedUpdates(optimizer);
  try {
    return await test(target, optimizer, watched, make, risingRates(min, max, steps));
  } finally {
    watched.restore();
  }
}

async function test(
  target: InstrumentTarget,
  optimizer: Optimizer,
  watched: WatchedUpdates,
  make: MakeUpdate,
  rates: readonly number[],
): Promise<LearningRateSuggestion> {
  const recorder = new RangeTestRecorder();
  const training = instrument(target, { run: 'range test' });
  const ratios = updateRatios(training);
  try {
    for (const [step, rate] of rates.entries()) {
      setLearningRate(optimizer, rate);
      if (!(await make(step))) {
        if (step === 0) throw new TypeError('data: expected at least one batch, got none');
        recorder.end('no-more-data');
        break;
      }
      const { loss, firstLoss } = await watched.losses();
      if (!recorder.add(rate, loss, firstLoss)) break;
      // So that what else the process does, such as a page, is not still meanwhile.
      await nextTask();
    }
  } finally {
    await training.close();
  }
  return suggestionOf(recorder.result(ratios));
}

/** The median of the layers' update ratios, by step from 0 on, as they come. */
function updateRatios(training: Training): ReadonlyMap<number, number> {
  const ratios = new Map<number, number>();
  training.events$
    .pipe(parameterUpdates({ statistics: ['updateNorm', 'weightNorm', 'updateRatio'] }), groupByLayer())
    .subscribe(({ step, columns }) => ratios.set(step - 1, medianOf(columns.updateRatio)));
  return ratios;
}

function checked(options: SuggestLearningRateOptions, hasBatchSize: boolean): Required<SuggestLearningRateOptions> {
  if (hasBatchSize) checkOptions('suggestLearningRate', options, OPTIONS);
  else
    checkOptions<RangeTestOptions, OptionNames<RangeTestOptions>>(
      'suggestLearningRate',
      options,
      withoutName(OPTIONS, 'batchSize'),
    );
  const { min = 1e-7, max = 10, steps = 100, batchSize = 32 } = options;
  checkPositive('min', min);
  checkPositive('max', max);
  checkThat('max', max > min, `a rate above min, ${min}`, max);
  checkPositiveInteger('steps', steps);
  checkThat('steps', steps >= FEWEST_STEPS, `at least ${FEWEST_STEPS}`, steps);
  checkPositiveInteger('batchSize', batchSize);
  return { min, max, steps, batchSize };
}

function modelUpdates(model: LayersModel, data: unknown, batchSize: number): MakeUpdate {
  const { isTraining } = model as unknown as { isTraining?: boolean };
  checkThat('model', !isTraining, 'one that no fit() is training', 'a model within fit()');
  checkThat('model', !model.stateful, 'one without stateful layers, whose states cannot be put back', model.name);
  return updatesByBatches(model, batchesOf(data as RangeTestData, batchSize));
}

function lossUpdates(optimizer: Optimizer, loss: unknown): MakeUpdate {
  if (typeof loss === 'function') return updatesByLoss(optimizer, loss as (step: number) => Scalar);
  throw new TypeError(
    `loss: expected a function step → loss, since the target is an optimizer, got ${describeValue(loss)}; for data give a compiled tf.LayersModel`,
  );
}
