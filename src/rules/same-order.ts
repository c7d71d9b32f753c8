import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkShare, shortNumber, type TrainingEvent } from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { meanOf } from './window.js';

export interface SameOrderOptions extends RuleOptions {
  /** The largest correlation of the losses of two epochs, step by step. Default: 0.8. */
  readonly correlation?: number;
}

/** Fewer steps an epoch are alike by chance now and then, and more than this many are not kept. */
const FEWEST = 16;
const MOST = 10_000;

interface State {
  epoch: number;
  losses: number[];
  /** Those of the epoch before. */
  before: number[];
}

/**
 * Each epoch's losses rise and fall as those of the epoch before: the batches come in the same order, perhaps sorted. What
 * is compared is each loss against its two neighbours, and smooth curves are left out, so that a loss that falls throughout
 * is no likeness; in two pairs of epochs in a row, of at least sixteen steps.
 *
 * Peers have no such rule.
 *
 * @throws TypeError when the correlation is not above 0, up to 1.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { sameOrder } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const [x, y] = [tf.randomNormal([64, 4]), tf.randomNormal([64, 1])];
 * const training = instrument(model);
 * training.report(training.events$.pipe(sameOrder()));
 * await model.fit(x, y, { epochs: 10, shuffle: true, callbacks: training.callbacks() });
 * ```
 */
export function sameOrder(given: SameOrderOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  const { correlation = 0.8, ...options } = checkOptions('sameOrder', given, { correlation: true, ...RULE_OPTIONS });
  checkShare('correlation', correlation);
  return createRule<TrainingEvent, State>(
    {
      name: 'same-order',
      severity: 'warning',
      patience: 2,
      recovery: 2,
      start: () => ({ epoch: 0, losses: [], before: [] }),
      judge(event, state) {
        if (event.type !== 'step-end') return undefined;
        if (state.losses.length < MOST) state.losses.push(event.loss);
        // A step that ends an epoch has a whole number of them done.
        if (Math.floor(event.epoch) <= state.epoch) return undefined;
        const { losses, before } = state;
        Object.assign(state, { epoch: Math.floor(event.epoch), losses: [], before: losses });
        if (losses.length < FEWEST || losses.length !== before.length) return undefined;
        const [then, now] = [bends(before), bends(losses)];
        const value = correlationOf(then, now);
        if (!(value > correlation) || !isJagged(now)) return [];
        return [
          {
            value,
            threshold: correlation,
            what: `step by step the losses of this epoch are like those of the one before, with a correlation of ${shortNumber(value)}`,
            cause: 'sorted-data',
            advice: 'Shuffle the examples before each epoch; sorted ones have the model forget one class for the next.',
          },
        ];
      },
    },
    options,
  );
}

/** How far each value is above the middle of its neighbours. */
function bends(values: readonly number[]): number[] {
  return values.slice(1, -1).map((value, i) => value - (values[i]! + values[i + 2]!) / 2);
}

/** Smooth curves are alike without being the same: of one that is jagged, every fourth bend at least is another way. */
function isJagged(values: readonly number[]): boolean {
  return values.filter((value, i) => i > 0 && value * values[i - 1]! < 0).length >= values.length / 4;
}

/** Pearson's; NaN where one does not vary. */
function correlationOf(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  const covariance = meanOf(a.map((value, i) => (value - meanA) * (b[i]! - meanB)));
  const variance = (values: readonly number[], mean: number) => meanOf(values.map((value) => (value - mean) ** 2));
  return covariance / Math.sqrt(variance(a, meanA) * variance(b, meanB));
}
