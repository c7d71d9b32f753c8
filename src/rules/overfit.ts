import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkPositive, shortNumber, type TrainingEvent } from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { type EvaluatedLosses, evaluatedLosses, type TrainLosses } from './evaluated-losses.js';

export interface OverfitOptions extends RuleOptions {
  /** The largest `(validation − train) / train` that is well. Default: 0.1. */
  readonly ratio?: number;
  /** The evaluation's loss. Default: `val_loss` or `eval_loss`, whichever is there. */
  readonly metric?: string;
}

/** A validation loss that is better by less than this share has not become better. */
const NOTHING = 0.02;

interface State {
  readonly losses: TrainLosses;
  /** Of the first evaluation, and of that with the best validation loss. */
  first?: EvaluatedLosses;
  best?: EvaluatedLosses & { readonly step: number };
}

/**
 * The validation loss leaves the training loss behind: it is more than a tenth above it, and a tenth above its own best,
 * while the training loss has fallen since that best; or it was as good as the training loss at first and has not fallen
 * since, while that has, by a tenth. Two evaluations in a row. The training loss is the mean of the steps since the
 * evaluation before.
 *
 * Peer: SageMaker Debugger's Overfit, (validation − train) / train above 0.1, patience 1. A gap alone is common where
 * both still fall, so here the validation loss must have risen too, and twice; and where both rise, the run
 * diverges.
 *
 * Error of the stream: TypeError when an evaluation lacks the `metric`; it lists those that there are.
 *
 * @throws TypeError when the ratio is not a positive number.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { overfit } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const [x, y] = [tf.randomNormal([64, 4]), tf.randomNormal([64, 1])];
 * const training = instrument(model);
 * training.report(training.events$.pipe(overfit()));
 * await model.fit(x, y, { epochs: 10, validationSplit: 0.2, callbacks: training.callbacks() });
 * ```
 */
export function overfit(given: OverfitOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  const {
    ratio = 0.1,
    metric,
    ...options
  } = checkOptions('overfit', given, { ratio: true, metric: true, ...RULE_OPTIONS });
  checkPositive('ratio', ratio);
  return createRule<TrainingEvent, State>(
    {
      name: 'overfit',
      severity: 'warning',
      patience: 2,
      recovery: 1,
      start: () => ({ losses: { sum: 0, count: 0 } }),
      judge(event, state) {
        const evaluated = evaluatedLosses(event, state.losses, metric);
        if (!evaluated) return undefined;
        const { train, validation } = evaluated;
        state.first ??= evaluated;
        if (state.best === undefined || validation < state.best.validation) {
          state.best = { ...evaluated, step: event.step };
        }
        const { first, best } = state;
        const value = (validation - train) / Math.abs(train);
        const risen = isAbove(validation, best.validation, ratio) && train <= best.train;
        const learnedNothing =
          !isAbove(first.validation, first.train, ratio) && !isAbove(first.validation, best.validation, NOTHING);
        if (!(value > ratio) || !(risen || (learnedNothing && isAbove(first.train, train, ratio)))) return [];
        return [
          {
            value,
            threshold: ratio,
            what: `the validation loss is ${shortNumber(validation)}, ${howFar(value)} the training loss of ${shortNumber(train)}, and was ${shortNumber(best.validation)} at its best, at step ${best.step}`,
            cause: 'overfit',
            ...(learnedNothing && { otherwise: ['random-labels'] }),
            advice:
              'Go back to that step, or regularise: more data, dropout, weight decay, a smaller model; and look whether both kinds of data are prepared alike.',
          },
        ];
      },
    },
    options,
  );
}

function howFar(value: number): string {
  return value < 1 ? `${shortNumber(100 * value)} % above` : `${shortNumber(1 + value)} times`;
}

/** By more than that share of the lower one. */
function isAbove(value: number, other: number, share: number): boolean {
  return value - other > share * Math.abs(other);
}
