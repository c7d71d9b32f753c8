import type { OperatorFunction } from 'rxjs';
import {
  type AlertEvent,
  checkOptions,
  checkShare,
  isTrainingEvent,
  shortNumber,
  type TrainingEvent,
} from '../events/index.js';
import type { AnyParameterUpdates } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { evaluatedLosses, type TrainLosses } from './evaluated-losses.js';

export interface StaleBatchNormOptions extends RuleOptions {
  /** The share of the first loss that the training loss must have fallen below. Default: 0.5. */
  readonly share?: number;
}

/** How layers of batch normalisation are called: by TensorFlow.js and Keras, by torch's models, by habit. */
const BATCH_NORM = /batch_?norm|(^|[./_])bn\d*([./_]|$)/i;
/** A validation loss between these shares of the first loss has learned nothing, and has not risen either. */
const [LEAST_LEFT, MOST_LEFT] = [0.6, 1.5];

interface State {
  readonly losses: TrainLosses;
  first?: number;
  /** Unknown until the first update. */
  hasBatchNorm?: boolean;
}

/**
 * A model with batch normalisation learns, and its evaluations know nothing of it: the training loss is below half of the
 * first one, the validation loss still near it, in two evaluations in a row. In training such a model goes by the
 * statistics of the batch, in an evaluation by moving ones, which may be behind.
 *
 * Peers have no such rule. Overfitting looks alike where the model has learned its examples by heart; then the validation
 * loss rises.
 *
 * @throws TypeError when the share is not above 0, up to 1.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { observe, parameterUpdates, staleBatchNorm } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * const { events$ } = run;
 * run.report(merge(events$, events$.pipe(parameterUpdates())).pipe(staleBatchNorm()));
 * ```
 */
export function staleBatchNorm(
  given: StaleBatchNormOptions = {},
): OperatorFunction<TrainingEvent | AnyParameterUpdates, AlertEvent> {
  const { share = 0.5, ...options } = checkOptions('staleBatchNorm', given, { share: true, ...RULE_OPTIONS });
  checkShare('share', share);
  return createRule<TrainingEvent | AnyParameterUpdates, State>(
    {
      name: 'stale-batch-norm',
      severity: 'warning',
      patience: 2,
      recovery: 1,
      start: () => ({ losses: { sum: 0, count: 0 } }),
      judge(record, state) {
        if (!isTrainingEvent(record)) {
          state.hasBatchNorm ??= record.names.some((name) => BATCH_NORM.test(name));
          return undefined;
        }
        if (record.type === 'step-end' && Number.isFinite(record.loss)) state.first ??= record.loss;
        const evaluated = evaluatedLosses(record, state.losses, undefined);
        if (!evaluated || !state.hasBatchNorm || state.first === undefined) return undefined;
        const { train, validation } = evaluated;
        const isBehind = validation > LEAST_LEFT * state.first && validation < MOST_LEFT * state.first;
        if (!(train < share * state.first && isBehind)) return [];
        return [
          {
            value: validation,
            threshold: LEAST_LEFT * state.first,
            what: `the training loss has fallen from ${shortNumber(state.first)} to ${shortNumber(train)}, the validation loss is ${shortNumber(validation)}`,
            cause: 'batch-norm-statistics',
            otherwise: ['overfit'],
            advice:
              'Lower the momentum of the batch normalisation (0.99 or 0.9), use larger batches, or train on; look that the validation data are prepared as the others.',
          },
        ];
      },
    },
    options,
  );
}
