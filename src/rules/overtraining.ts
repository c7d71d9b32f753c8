import type { OperatorFunction } from 'rxjs';
import {
  type AlertEvent,
  checkNotNegative,
  checkOptions,
  checkPositiveInteger,
  shortNumber,
  type TrainingEvent,
  withoutName,
} from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { evaluatedLosses } from './evaluated-losses.js';

/** Options of {@link overtraining}: how long neither loss may improve. */
export interface OvertrainingOptions extends Omit<RuleOptions, 'patience'> {
  /** Evaluations without a better training loss. Default: 5. */
  readonly trainPatience?: number;
  /** Evaluations without a better validation loss. Default: 10. */
  readonly validationPatience?: number;
  /** How much better counts, as a share of the best so far. Default: 0.1. */
  readonly delta?: number;
  /** The evaluation's loss. Default: `val_loss` or `eval_loss`, whichever is there. */
  readonly metric?: string;
}

const FINISHED = {
  severity: 'info',
  cause: 'finished',
  advice: 'Going on gains little: stop, and keep the checkpoint with the best validation loss.',
} as const;

const STUCK = {
  otherwise: ['finished', 'rate-too-low', 'random-labels'],
  advice:
    'If it knew all that before, stop; else raise the learning rate, and look whether the labels belong to their inputs.',
} as const;

/**
 * Going on gains nothing: neither the training loss nor the validation loss has become a tenth better for long. For a run
 * that has learned that is its end, and worth a word; one that has not is stuck, and is warned of.
 *
 * Peer: SageMaker Debugger's Overtraining, patience 5 in training and 10 in validation, delta 0.1. The same here, counted
 * in evaluations; the training loss is the mean of the steps since the evaluation before. Near zero, a tenth of a loss is
 * chance: less than a hundredth of the first one is not better.
 *
 * Error of the stream: TypeError when an evaluation lacks the `metric`; it lists those that there are.
 *
 * @throws TypeError for a patience that is not a positive integer, a delta that is negative.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { overtraining, stopOnAlert } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const [x, y] = [tf.randomNormal([64, 4]), tf.randomNormal([64, 1])];
 * const training = instrument(model);
 * const alerts$ = training.events$.pipe(overtraining());
 * training.steer(alerts$.pipe(stopOnAlert({ severity: 'warning' })));
 * await model.fit(x, y, { epochs: 100, validationSplit: 0.2, callbacks: training.callbacks() });
 * ```
 */
export function overtraining(given: OvertrainingOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  const {
    trainPatience = 5,
    validationPatience = 10,
    delta = 0.1,
    metric,
    ...options
  } = checkOptions('overtraining', given, {
    trainPatience: true,
    validationPatience: true,
    delta: true,
    metric: true,
    ...withoutName(RULE_OPTIONS, 'patience'),
  });
  checkPositiveInteger('trainPatience', trainPatience);
  checkPositiveInteger('validationPatience', validationPatience);
  checkNotNegative('delta', delta);
  interface Best {
    value?: number;
    first?: number;
    /** Evaluations since. */
    since: number;
  }
  const follow = (best: Best, value: number) => {
    best.first ??= value;
    const least = Math.max(delta * Math.abs(best.value ?? 0), (delta / 10) * Math.abs(best.first));
    const better = best.value === undefined || value < best.value - least;
    best.since = better ? 0 : best.since + 1;
    if (better) best.value = value;
  };
  return createRule(
    {
      name: 'overtraining',
      severity: 'warning',
      recovery: 1,
      start: () => ({
        losses: { sum: 0, count: 0 },
        train: { since: 0 } as Best,
        validation: { since: 0 } as Best,
      }),
      judge(event: TrainingEvent, { losses, train, validation }) {
        const evaluated = evaluatedLosses(event, losses, metric);
        if (!evaluated) return undefined;
        follow(train, evaluated.train);
        follow(validation, evaluated.validation);
        if (train.since < trainPatience || validation.since < validationPatience) return [];
        const hasLearned = train.value! < train.first! - delta * Math.abs(train.first!);
        return [
          {
            ...(hasLearned ? FINISHED : STUCK),
            value: evaluated.validation,
            ...(validation.value !== undefined && { threshold: validation.value }),
            what: `the training loss has not become ${shortNumber(100 * delta)} % better for ${train.since} evaluations, nor the validation loss for ${validation.since} (now ${shortNumber(evaluated.validation)})`,
          },
        ];
      },
    },
    options,
  );
}
