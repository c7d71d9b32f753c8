import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkPositive, shortNumber } from '../events/index.js';
import type { ParameterUpdates, Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { layerWeights } from './layer-weights.js';

export interface ExplodingUpdatesOptions extends RuleOptions {
  /** The largest update, as a share of the norm of its layer's weights. Default: 0.1. */
  readonly ratio?: number;
}

/**
 * A parameter moves by more than a tenth of its layer's weights, three updates in a row. A step with a NaN says nothing:
 * that is `nonFinite`'s.
 *
 * The layer's weights count because a bias begins at zero; a layer that is all zeros is not judged.
 *
 * Peers: DL4J calls a ratio above 1e-2 suspicious, SageMaker Debugger one above 10. First updates of a healthy run are
 * often above 1e-2, so 0.1 here.
 *
 * @throws TypeError when the ratio is not a positive number.
 *
 * @example
 * ```ts
 * import { explodingUpdates, parameterUpdates } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(parameterUpdates(), explodingUpdates({ ratio: 0.1 })));
 * ```
 */
export function explodingUpdates<S extends Statistic>(
  given: ExplodingUpdatesOptions = {},
): OperatorFunction<ParameterUpdates<S | 'updateNorm' | 'weightNorm'>, AlertEvent> {
  const { ratio = 0.1, ...options } = checkOptions('explodingUpdates', given, { ratio: true, ...RULE_OPTIONS });
  checkPositive('ratio', ratio);
  const weightsOf = layerWeights();
  return createRule(
    {
      name: 'exploding-updates',
      severity: 'error',
      patience: 3,
      statistics: ['updateNorm', 'weightNorm'],
      start: () => ({}),
      judge(updates: ParameterUpdates<'updateNorm' | 'weightNorm'>) {
        const { updateNorm } = updates.columns;
        if (updateNorm.some(Number.isNaN)) return undefined;
        const weights = weightsOf(updates);
        return updates.names.flatMap((parameter, i) => {
          const value = updateNorm[i]! / weights[i]!;
          if (weights[i] === 0 || !(value > ratio)) return [];
          return {
            parameter,
            value,
            threshold: ratio,
            what: () => `each update is ${shortNumber(value)} of the weights' norm, above ${shortNumber(ratio)}`,
            advice: 'Runs that move so far mostly diverge: lower the learning rate, warm it up, or clip the gradients.',
          };
        });
      },
    },
    options,
  );
}
