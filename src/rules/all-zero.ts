import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions } from '../events/index.js';
import type { ParameterUpdates, Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';

/**
 * All values of a parameter are zero, and stay so, three updates in a row. Biases begin at zero; healthy ones leave it at
 * their first update.
 *
 * Peer: SageMaker Debugger's AllZero, 100 % of the values. The same here.
 *
 * @example
 * ```ts
 * import { allZero, parameterUpdates } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(parameterUpdates(), allZero()));
 * ```
 */
export function allZero<S extends Statistic>(
  options: RuleOptions = {},
): OperatorFunction<ParameterUpdates<S | 'weightNorm' | 'updateNorm'>, AlertEvent> {
  checkOptions('allZero', options, RULE_OPTIONS);
  return createRule(
    {
      name: 'all-zero',
      severity: 'warning',
      patience: 3,
      recovery: 1,
      statistics: ['weightNorm', 'updateNorm'],
      start: () => ({}),
      judge({ names, sizes, columns, learningRate }: ParameterUpdates<'weightNorm' | 'updateNorm'>) {
        if (learningRate === 0) return undefined;
        return names.flatMap((parameter, i) => {
          if (columns.weightNorm[i] !== 0 || columns.updateNorm[i] !== 0 || sizes[i] === 0) return [];
          return {
            parameter,
            what: () => `all ${sizes[i]} values are zero, and updates leave them so`,
            advice: 'Look at how it is initialised, and whether a gradient reaches it.',
          };
        });
      },
    },
    options,
  );
}
