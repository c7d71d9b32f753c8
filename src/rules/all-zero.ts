import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions } from '../events/index.js';
import type { ParameterUpdates, Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { layerWeights } from './layer-weights.js';

const ZEROS = {
  cause: 'poor-initialization',
  otherwise: ['unused-parameter'],
  advice: 'Look at how it is initialised: at random, heNormal before a ReLU; and whether a gradient reaches it.',
};

const UNREACHED = {
  cause: 'unused-parameter',
  otherwise: ['dead-relu', 'frozen'],
  advice: 'Look whether the loss depends on its layer, whether its units are dead, and whether it is frozen.',
};

/**
 * All values of a parameter are zero, and stay so, three updates in a row. Biases begin at zero; healthy ones leave it at
 * their first update. Where the weights of its layer are none, it is not how they were initialised, but that no gradient
 * comes.
 *
 * Peer: SageMaker Debugger's AllZero, 100 % of the values. The same here.
 *
 * @example
 * ```ts
 * import { allZero, observe, parameterUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(parameterUpdates(), allZero()));
 * ```
 */
export function allZero<S extends Statistic>(
  options: RuleOptions = {},
): OperatorFunction<ParameterUpdates<S | 'weightNorm' | 'updateNorm'>, AlertEvent> {
  checkOptions('allZero', options, RULE_OPTIONS);
  const weightsOf = layerWeights();
  return createRule(
    {
      name: 'all-zero',
      severity: 'warning',
      patience: 3,
      recovery: 1,
      statistics: ['weightNorm', 'updateNorm'],
      start: () => ({}),
      judge(updates: ParameterUpdates<'weightNorm' | 'updateNorm'>) {
        const { names, sizes, columns, learningRate } = updates;
        if (learningRate === 0) return undefined;
        const layers = weightsOf(updates);
        return names.flatMap((parameter, i) => {
          if (columns.weightNorm[i] !== 0 || columns.updateNorm[i] !== 0 || sizes[i] === 0) return [];
          return {
            parameter,
            what: () => `all ${sizes[i]} values are zero, and updates leave them so`,
            ...(layers[i] === 0 ? ZEROS : UNREACHED),
          };
        });
      },
    },
    options,
  );
}
