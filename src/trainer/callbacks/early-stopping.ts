import { checkOptions, describeValue, isCount } from '../../events/index.js';
import { metricName, metricOf } from '../evaluation/metric-of.js';
import type { CallbackState } from '../state/trainer-state.js';
import type { CallbackContext, MetricsContext, TrainerCallback } from './trainer-callback.js';

/** Options of {@link EarlyStopping}: how long it waits, and for how much. */
export interface EarlyStoppingCallbackOptions {
  /** Evaluations without improvement after which the training stops. Default: 1. */
  readonly patience?: number;
  /** By how much a metric must be better to count as improved. Default: 0. */
  readonly threshold?: number;
}

/**
 * Stops a training whose `metricForBestModel` no longer improves; transformers' EarlyStoppingCallback.
 *
 * @example
 * ```ts
 * import { EarlyStopping } from 'trainscope/trainer';
 *
 * const callbacks = [new EarlyStopping({ patience: 3, threshold: 0.001 })];
 * ```
 */
export class EarlyStopping implements TrainerCallback {
  readonly name = 'EarlyStoppingCallback';
  #patience: number;
  #threshold: number;
  #counter = 0;

  /** @throws RangeError for a patience below 1 or a threshold below 0. */
  constructor(options: EarlyStoppingCallbackOptions = {}) {
    const { patience = 1, threshold = 0 } = checkOptions('new EarlyStopping', options, {
      patience: true,
      threshold: true,
    });
    check(patience, threshold);
    this.#patience = patience;
    this.#threshold = threshold;
  }

  /** @throws TypeError for a training without `metricForBestModel`, or without evaluations. */
  readonly onTrainBegin = ({ args }: CallbackContext): void => {
    if (args.metricForBestModel === undefined) {
      throw new TypeError('metricForBestModel: expected a metric with EarlyStopping, got none; name one');
    }
    if (args.evalStrategy === 'no') {
      throw new TypeError('evalStrategy: expected steps or epoch with EarlyStopping, got "no"');
    }
  };

  /** Counts evaluations without a better metric, and asks to stop after `patience` of them. */
  readonly onEvaluate = ({ args, state, control, metrics }: MetricsContext): void => {
    // Evaluations of other datasets may come between.
    if (!(metricName(args) in metrics)) return;
    const value = metricOf(metrics, args);
    const { bestMetric } = state;
    const better =
      bestMetric === null ||
      ((args.greaterIsBetter ? value > bestMetric : value < bestMetric) &&
        Math.abs(value - bestMetric) > this.#threshold);
    this.#counter = better ? 0 : this.#counter + 1;
    if (this.#counter >= this.#patience) control.shouldTrainingStop = true;
  };

  readonly state = (): CallbackState => ({
    args: { early_stopping_patience: this.#patience, early_stopping_threshold: this.#threshold },
    attributes: { early_stopping_patience_counter: this.#counter },
  });

  /** @throws RangeError for what it cannot have said. */
  readonly restore = ({ args, attributes }: CallbackState): void => {
    const { early_stopping_patience: patience, early_stopping_threshold: threshold } = args;
    const { early_stopping_patience_counter: counter } = attributes;
    check(patience, threshold);
    if (!isCount(counter)) {
      throw new RangeError(
        `early_stopping_patience_counter: expected a whole number of at least 0, got ${describeValue(counter)}`,
      );
    }
    this.#patience = patience as number;
    this.#threshold = threshold as number;
    this.#counter = counter;
  };
}

function check(patience: unknown, threshold: unknown): void {
  if (!(isCount(patience) && patience >= 1)) {
    throw new RangeError(`patience: expected a whole number of at least 1, got ${describeValue(patience)}`);
  }
  if (!(typeof threshold === 'number' && threshold >= 0)) {
    throw new RangeError(`threshold: expected a number of at least 0, got ${describeValue(threshold)}`);
  }
}
