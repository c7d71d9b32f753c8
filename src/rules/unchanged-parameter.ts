import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkPositiveInteger, withoutName } from '../events/index.js';
import { columnOf, type ParameterUpdates, type Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';

/** Options of {@link unchangedParameter}. `steps` is its patience. */
export interface UnchangedParameterOptions extends Omit<RuleOptions, 'patience'> {
  /** After how many updates without a change. Default: 3. */
  readonly steps?: number;
}

/**
 * Not one element of a parameter has changed, three updates in a row. Steps at a learning rate of 0, as a warm-up begins
 * with, say nothing; nor does a parameter whose gradients, where they are measured, are not zero: it has come to where its
 * updates are lost to rounding.
 *
 * Peer: SageMaker Debugger's UnchangedTensor, all close (rtol 1e-5, atol 1e-8) over 3 steps. Here only an exact standstill
 * counts: at the end of a decay every healthy parameter moves less than those tolerances.
 *
 * @throws TypeError when `steps` is not a positive integer.
 *
 * @example
 * ```ts
 * import { observe, parameterUpdates, unchangedParameter } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(parameterUpdates({ statistics: ['unchanged'] }), unchangedParameter()));
 * ```
 */
export function unchangedParameter<S extends Statistic>(
  given: UnchangedParameterOptions = {},
): OperatorFunction<ParameterUpdates<S | 'unchanged'>, AlertEvent> {
  const { steps = 3, ...options } = checkOptions('unchangedParameter', given, {
    steps: true,
    ...withoutName(RULE_OPTIONS, 'patience'),
  });
  return createRule(
    {
      name: 'unchanged-parameter',
      severity: 'warning',
      recovery: 3,
      statistics: ['unchanged'],
      start: () => ({}),
      judge(updates: ParameterUpdates<'unchanged'>) {
        const { names, sizes, columns, learningRate } = updates;
        if (learningRate === 0) return undefined;
        const { unchanged } = columns;
        const gradients = columnOf(updates, 'gradientNorm');
        return names.flatMap((parameter, i) => {
          if (unchanged[i] !== 1 || sizes[i] === 0 || (gradients && gradients[i]! > 0)) return [];
          return {
            parameter,
            what: () => `not one of ${sizes[i]} values changes`,
            cause: 'unused-parameter',
            otherwise: ['frozen', 'dead-relu'],
            advice:
              'Look whether it is frozen, whether the loss depends on it, and whether units before it are dead; if it is meant to be frozen, leave it out with selectParameters().',
          };
        });
      },
    },
    { ...options, patience: checkPositiveInteger('steps', steps) },
  );
}
