import type { OperatorFunction } from 'rxjs';
import { checkPositiveInteger } from '../events/check-option.js';
import type { AlertEvent, TrainingEvent } from '../events/events.js';
import { shortNumber } from '../events/short-number.js';
import { createRule, type RuleOptions } from './create-rule.js';

export interface TensorLeakOptions extends Omit<RuleOptions, 'patience'> {
  /** After how many steps in a row that each left more tensors than the one before. Default: 10. */
  readonly steps?: number;
}

/**
 * TensorFlow.js holds more tensors after every step: some are never disposed, and memory will run out.
 *
 * It reads `numTensors` of `step-end` events, which `instrument()` counts; it judges nothing where that is missing. No
 * peer has it: garbage collection spares other frameworks this.
 *
 * @throws TypeError when `steps` is not a positive integer.
 *
 * @example
 * ```ts
 * import { tensorLeak } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(tensorLeak()));
 * ```
 */
export function tensorLeak({
  steps = 10,
  ...options
}: TensorLeakOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  interface State {
    last?: number;
    /** The count before the growth that goes on now, and its steps. */
    from: number;
    grown: number;
  }
  return createRule<TrainingEvent, State>(
    {
      name: 'tensor-leak',
      severity: 'warning',
      recovery: 3,
      start: () => ({ from: 0, grown: 0 }),
      judge(event, state) {
        if (event.type !== 'step-end' || event.numTensors === undefined) return undefined;
        const { last } = state;
        const { numTensors } = event;
        state.last = numTensors;
        if (last === undefined) return undefined;
        if (numTensors <= last) {
          state.grown = 0;
          return [];
        }
        if (state.grown++ === 0) state.from = last;
        const perStep = (numTensors - state.from) / state.grown;
        return [
          {
            value: perStep,
            threshold: 0,
            what: `${numTensors} tensors are held, ${shortNumber(perStep)} more after each step`,
            advice:
              'Wrap what each step computes in tf.tidy(), and dispose() what it keeps: a loss, predictions, batches.',
          },
        ];
      },
    },
    { ...options, patience: checkPositiveInteger('steps', steps) },
  );
}
