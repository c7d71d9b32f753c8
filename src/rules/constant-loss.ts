import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkPositiveInteger, shortNumber, withoutName } from '../events/index.js';
import { jointNorm, type ParameterUpdates, type Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';

/** Options of {@link constantLoss}. `steps` is its patience. */
export interface ConstantLossOptions extends Omit<RuleOptions, 'patience'> {
  /** After how many updates with the same loss. Default: 20. */
  readonly steps?: number;
}

/** An update that moves the weights by less than this share of them may leave a float32 loss as it is. */
const MOVES = 1e-5;

/**
 * The loss is the same to the last digit, twenty updates in a row, while the weights move: what is shown is not the loss of
 * what is trained.
 *
 * Peers have no such rule.
 *
 * @throws TypeError when `steps` is not a positive integer.
 *
 * @example
 * ```ts
 * import { constantLoss, observe, parameterUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(parameterUpdates(), constantLoss()));
 * ```
 */
export function constantLoss<S extends Statistic>(
  given: ConstantLossOptions = {},
): OperatorFunction<ParameterUpdates<S | 'updateNorm' | 'weightNorm'>, AlertEvent> {
  const { steps = 20, ...options } = checkOptions('constantLoss', given, {
    steps: true,
    ...withoutName(RULE_OPTIONS, 'patience'),
  });
  checkPositiveInteger('steps', steps);
  return createRule<ParameterUpdates<'updateNorm' | 'weightNorm'>, { loss?: number }>(
    {
      name: 'constant-loss',
      severity: 'warning',
      recovery: 1,
      statistics: ['updateNorm', 'weightNorm'],
      start: () => ({}),
      judge({ loss, columns: { updateNorm, weightNorm } }, state) {
        if (!Number.isFinite(loss)) return undefined;
        const isSame = loss === state.loss;
        state.loss = loss;
        if (!isSame || !(jointNorm(updateNorm) > MOVES * jointNorm(weightNorm))) return [];
        return [
          {
            value: loss,
            what: `the loss is exactly ${shortNumber(loss)} at every update, while the weights move`,
            cause: 'loss-constant',
            advice:
              'Look whether the loss that is shown is that of this batch and these weights, and whether it is rounded or cut.',
          },
        ];
      },
    },
    { ...options, patience: steps },
  );
}
