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

/** Options of {@link constantPrediction}. `evaluations` is its patience. */
export interface ConstantPredictionOptions extends Omit<RuleOptions, 'patience'> {
  /** In how many evaluations in a row the accuracy must be the same. Default: 5. */
  readonly evaluations?: number;
}

/** By so much of itself the validation loss must have fallen meanwhile: then what is predicted has changed. */
const FALLEN = 0.2;

interface State {
  accuracy?: number;
  /** The validation loss when it was first so. */
  loss: number;
  times: number;
}

/**
 * The accuracy is the same to the last digit in five evaluations, while their loss falls by a fifth: the model gives every
 * example the same class, the most frequent one, and learns only how frequent it is. It cannot have a cross entropy below
 * that of the frequencies then; one that has, or is always right, is well.
 *
 * Peer: SageMaker Debugger's ClassImbalance looks at the predicted classes themselves.
 *
 * @throws TypeError when `evaluations` is not a positive integer.
 *
 * @example
 * ```ts
 * import { constantPrediction, observe } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(constantPrediction()));
 * ```
 */
export function constantPrediction(given: ConstantPredictionOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  const { evaluations = 5, ...options } = checkOptions('constantPrediction', given, {
    evaluations: true,
    ...withoutName(RULE_OPTIONS, 'patience'),
  });
  checkPositiveInteger('evaluations', evaluations);
  return createRule<TrainingEvent, State>(
    {
      name: 'constant-prediction',
      severity: 'warning',
      recovery: 1,
      start: () => ({ loss: 0, times: 0 }),
      judge(event, state) {
        if (event.type !== 'evaluate') return undefined;
        const accuracy = evaluatedAccuracy(event.metrics);
        const loss = evaluationLossOf(event.metrics);
        if (accuracy === undefined || loss === undefined) return undefined;
        if (accuracy !== state.accuracy) Object.assign(state, { accuracy, loss, times: 0 });
        state.times++;
        const hasLearned = accuracy === 1 || loss < entropyOf(accuracy);
        if (hasLearned || state.times < evaluations || !(loss < (1 - FALLEN) * state.loss)) return [];
        return [
          {
            value: accuracy,
            what: `the accuracy was exactly ${shortNumber(accuracy)} in the last ${state.times} evaluations, while their loss fell from ${shortNumber(state.loss)} to ${shortNumber(loss)}`,
            cause: 'class-never-predicted',
            advice:
              'Count the classes that are predicted: weigh the rare ones more, sample them more often, or train on.',
          },
        ];
      },
    },
    { ...options, patience: 1 },
  );
}

/** The least cross entropy of whoever gives every example the same, where so large a share is of one class. */
function entropyOf(share: number): number {
  const part = (p: number) => (p > 0 ? -p * Math.log(p) : 0);
  return part(share) + part(1 - share);
}
