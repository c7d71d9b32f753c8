import type { OperatorFunction } from 'rxjs';
import {
  type AlertEvent,
  checkOptions,
  checkPositiveInteger,
  evaluationLossOf,
  shortNumber,
  type TrainingEvent,
  withoutName,
} from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { evaluatedAccuracy } from './evaluated-accuracy.js';

/** Options of {@link labelLeak}. One evaluation that is too good is enough, so there is no `patience`. */
export interface LabelLeakOptions extends Omit<RuleOptions, 'patience'> {
  /** The first so many evaluations are judged. Default: 5. */
  readonly evaluations?: number;
}

/** Less than this share of the loss that the run began with is as good as none. */
const NONE_LEFT = 0.05;

interface State {
  /** The first training loss. */
  first?: number;
  evaluations: number;
}

/**
 * The validation is perfect almost at once: within the first five evaluations not one example is wrong, and hardly a
 * twentieth of the first loss is left. Few honest tasks are learned like that: the inputs may hold the label, all labels
 * may be the same, or the validation examples be among those of the training.
 *
 * Peers have no such rule.
 *
 * @throws TypeError when `evaluations` is not a positive integer.
 *
 * @example
 * ```ts
 * import { labelLeak, observe } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(labelLeak()));
 * ```
 */
export function labelLeak(given: LabelLeakOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  const { evaluations = 5, ...options } = checkOptions('labelLeak', given, {
    evaluations: true,
    ...withoutName(RULE_OPTIONS, 'patience'),
  });
  checkPositiveInteger('evaluations', evaluations);
  return createRule<TrainingEvent, State>(
    {
      name: 'label-leak',
      severity: 'info',
      recovery: 1,
      start: () => ({ evaluations: 0 }),
      judge(event, state) {
        if (event.type === 'step-end' && Number.isFinite(event.loss)) state.first ??= event.loss;
        if (event.type !== 'evaluate') return undefined;
        const loss = evaluationLossOf(event.metrics);
        if (loss === undefined || state.first === undefined) return undefined;
        if (++state.evaluations > evaluations && loss < state.first) return undefined;
        if (evaluatedAccuracy(event.metrics) !== 1 || !(loss < NONE_LEFT * state.first)) return [];
        return [
          {
            value: loss,
            threshold: NONE_LEFT * state.first,
            what: `after ${state.evaluations} evaluations not one validation example is wrong, and of a first loss of ${shortNumber(state.first)} only ${shortNumber(loss)} is left`,
            cause: 'label-leak',
            confidence: 'possible',
            otherwise: ['constant-labels'],
            advice:
              'Unless the task is that easy, look for the label among the inputs, for labels that are all the same, and for validation examples in the training data.',
          },
        ];
      },
    },
    { ...options, patience: 1 },
  );
}
