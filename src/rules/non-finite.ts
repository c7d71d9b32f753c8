import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions } from '../events/index.js';
import { columnOf, jointNorm, type ParameterUpdates, type Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { type Divergence, divergence, takeStep, whyOf } from './divergence.js';

/**
 * A parameter holds a NaN or an infinity after its update. Where the loss had risen far above the one that the run began
 * with, the run has diverged; else a value came from elsewhere.
 *
 * Peer: SageMaker Debugger's ExplodingTensor, any NaN or infinity. The same here.
 *
 * @example
 * ```ts
 * import { nonFinite, observe, parameterUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(parameterUpdates({ statistics: ['nonFinite'] }), nonFinite()));
 * ```
 */
export function nonFinite<S extends Statistic>(
  options: RuleOptions = {},
): OperatorFunction<ParameterUpdates<S | 'nonFinite'>, AlertEvent> {
  checkOptions('nonFinite', options, RULE_OPTIONS);
  return createRule<ParameterUpdates<'nonFinite'>, Divergence>(
    {
      name: 'non-finite',
      severity: 'error',
      recovery: 1,
      statistics: ['nonFinite'],
      start: divergence,
      judge(updates, state) {
        const { names, sizes, columns, loss } = updates;
        const gradient = columnOf(updates, 'gradientNorm');
        takeStep(state, loss, gradient && jointNorm(gradient));
        return names.flatMap((parameter, i) => {
          const value = columns.nonFinite[i]!;
          if (value === 0) return [];
          const what = () => `${value} of ${sizes[i]} values are NaN or infinite`;
          return { parameter, value, threshold: 0, what, ...whyOf(state) };
        });
      },
    },
    options,
  );
}
