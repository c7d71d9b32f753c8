import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions } from '../events/index.js';
import type { ParameterUpdates, Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';

/**
 * A parameter holds a NaN or an infinity after its update.
 *
 * Peer: SageMaker Debugger's ExplodingTensor, any NaN or infinity. The same here.
 *
 * @example
 * ```ts
 * import { nonFinite, parameterUpdates } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(parameterUpdates({ statistics: ['nonFinite'] }), nonFinite()));
 * ```
 */
export function nonFinite<S extends Statistic>(
  options: RuleOptions = {},
): OperatorFunction<ParameterUpdates<S | 'nonFinite'>, AlertEvent> {
  checkOptions('nonFinite', options, RULE_OPTIONS);
  return createRule(
    {
      name: 'non-finite',
      severity: 'error',
      recovery: 1,
      statistics: ['nonFinite'],
      start: () => ({}),
      judge: ({ names, sizes, columns }: ParameterUpdates<'nonFinite'>) =>
        names.flatMap((parameter, i) => {
          const value = columns.nonFinite[i]!;
          if (value === 0) return [];
          return {
            parameter,
            value,
            threshold: 0,
            what: () => `${value} of ${sizes[i]} values are NaN or infinite`,
            advice:
              'All that is computed from them is lost: go back to the last checkpoint with a lower learning rate, and look for a bad batch, or a logarithm or a division of zero in the loss.',
          };
        }),
    },
    options,
  );
}
