import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkPositive, checkShare, shortNumber } from '../events/index.js';
import { whileSameNames } from '../operators/index.js';
import { jointNorm, layersOf, type ParameterUpdates, type Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';

export interface VanishingGradientsOptions extends RuleOptions {
  /** The smallest root mean square of a layer's gradient. Default: 1e-7. */
  readonly threshold?: number;
  /** The smallest share of the largest such of a layer. Default: 1e-4. */
  readonly share?: number;
}

const VANISHED = {
  cause: 'vanishing-gradients',
  otherwise: ['poor-initialization', 'unused-parameter'],
  advice:
    'It hardly learns: try residual connections, normalisation, or an activation that does not saturate (ReLU for sigmoid).',
};

const UNREACHED = {
  cause: 'unused-parameter',
  otherwise: ['dead-relu', 'vanishing-gradients'],
  advice:
    'Look whether the loss depends on it: a branch that counts nothing, a stopped gradient, dead units behind it.',
};

/**
 * The gradient has all but vanished on its way back to a layer, three updates in a row: it is tiny, and it is tiny beside
 * that of the layer that gets most. Layers, since a parameter alone may have none and be well: the bias of an attention
 * key, which softmax cancels.
 *
 * Peer: SageMaker Debugger's VanishingGradient, mean of absolutes below 1e-7. Here the root mean square (which is at least
 * the mean of absolutes) is held against the same number. Alone it would fire on every run that has converged, where all
 * gradients are small, and on large embeddings, of which a batch reaches few rows; hence the share.
 *
 * @throws TypeError when the threshold is not a positive number, or the share not above 0, up to 1.
 *
 * @example
 * ```ts
 * import { observe, parameterUpdates, vanishingGradients } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(parameterUpdates(), vanishingGradients()));
 * ```
 */
export function vanishingGradients<S extends Statistic>(
  given: VanishingGradientsOptions = {},
): OperatorFunction<ParameterUpdates<S | 'gradientNorm'>, AlertEvent> {
  const {
    threshold = 1e-7,
    share = 1e-4,
    ...options
  } = checkOptions('vanishingGradients', given, { threshold: true, share: true, ...RULE_OPTIONS });
  checkPositive('threshold', threshold);
  checkShare('share', share);
  const layersOfNames = whileSameNames(layersOf);
  return createRule(
    {
      name: 'vanishing-gradients',
      severity: 'warning',
      patience: 3,
      statistics: ['gradientNorm'],
      start: () => ({}),
      judge({ names, sizes, columns: { gradientNorm } }: ParameterUpdates<'gradientNorm'>) {
        const sizeOf = (members: readonly number[]) => members.reduce((sum, i) => sum + sizes[i]!, 0);
        const layers = layersOfNames(names).map(({ name, members }) => ({
          parameter: name,
          value: jointNorm(members.map((i) => gradientNorm[i]!)) / Math.sqrt(sizeOf(members)),
        }));
        const largest = Math.max(0, ...layers.map(({ value }) => value).filter((value) => value > 0));
        const least = Math.min(threshold, share * largest);
        return layers
          .filter(({ value }) => value < least)
          .map(({ parameter, value }) => ({
            parameter,
            value,
            threshold: least,
            what: () =>
              `its gradient's root mean square is ${shortNumber(value)}, below ${shortNumber(least)}, and the largest of a layer is ${shortNumber(largest)}`,
            ...(value === 0 ? UNREACHED : VANISHED),
          }));
      },
    },
    options,
  );
}
