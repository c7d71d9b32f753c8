import type { OperatorFunction } from 'rxjs';
import { checkPositive } from '../events/check-option.js';
import type { AlertEvent } from '../events/events.js';
import { shortNumber } from '../events/short-number.js';
import type { ParameterUpdates } from '../parameters/parameter-updates.js';
import type { Statistic } from '../parameters/statistics.js';
import { createRule, type RuleOptions } from './create-rule.js';

export interface VanishingGradientsOptions extends RuleOptions {
  /** The smallest root mean square of a parameter's gradient. Default: 1e-7. */
  readonly threshold?: number;
  /** The smallest share of the largest such in the model. Default: 1e-4. */
  readonly share?: number;
}

/**
 * The gradient of a parameter has all but vanished on its way back to it, three updates in a row: it is tiny, and it is
 * tiny beside that of the parameter that gets most.
 *
 * Peer: SageMaker Debugger's VanishingGradient, mean of absolutes below 1e-7. Here the root mean square (which is at least
 * the mean of absolutes) is held against the same number. Alone it would fire on every run that has converged, where all
 * gradients are small, and on large embeddings, of which a batch reaches few rows; hence the share.
 *
 * @throws TypeError when the threshold or the share is not a positive number.
 *
 * @example
 * ```ts
 * import { instrument, parameterUpdates, vanishingGradients } from 'trainscope';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(parameterUpdates(), vanishingGradients()));
 * ```
 */
export function vanishingGradients<S extends Statistic>({
  threshold = 1e-7,
  share = 1e-4,
  ...options
}: VanishingGradientsOptions = {}): OperatorFunction<ParameterUpdates<S | 'gradientNorm'>, AlertEvent> {
  checkPositive('threshold', threshold);
  checkPositive('share', share);
  return createRule(
    {
      name: 'vanishing-gradients',
      severity: 'warning',
      patience: 3,
      start: () => ({}),
      judge({ names, sizes, columns: { gradientNorm } }: ParameterUpdates<'gradientNorm'>) {
        const roots = gradientNorm.map((norm, i) => norm / Math.sqrt(sizes[i]!));
        const largest = Math.max(0, ...roots.filter((size) => size > 0));
        const least = Math.min(threshold, share * largest);
        return names.flatMap((parameter, i) => {
          const value = roots[i]!;
          if (!(value < least)) return [];
          return {
            parameter,
            value,
            threshold: least,
            what: `the gradient's root mean square is ${shortNumber(value)}, below ${shortNumber(least)}, and the model's largest is ${shortNumber(largest)}`,
            advice:
              'It hardly learns: try residual connections, normalisation, or an activation that does not saturate (ReLU for sigmoid); look whether the loss depends on it.',
          };
        });
      },
    },
    options,
  );
}
