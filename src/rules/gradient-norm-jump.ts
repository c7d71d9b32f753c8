import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkPositive, checkPositiveInteger, shortNumber } from '../events/index.js';
import { jointNorm, type ParameterUpdates, type Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { meanOf, pushBounded } from './window.js';

export interface GradientNormJumpOptions extends RuleOptions {
  /** How many times the running mean is a jump. Default: 10. */
  readonly ratio?: number;
  /** Over how many of the last updates the mean runs; that many have to be known. Default: 50. */
  readonly window?: number;
}

/** So many times the largest norm before is a jump. */
const FAR_ABOVE = 3;

/**
 * The norm of all gradients together jumps far above its running mean, and above the largest that the run has had.
 *
 * Peer: an example of Aim's, above 1.15 times the running mean. Norms of mini-batches vary by more than that from one to
 * the next, so 10 here, over 50 updates; and near a minimum, where all are small, by much more: hence three times the largest before.
 *
 * @throws TypeError for a ratio that is not positive, a window that is not a positive integer.
 *
 * @example
 * ```ts
 * import { gradientNormJump, observe, parameterUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(parameterUpdates({ statistics: ['gradientNorm'] }), gradientNormJump()));
 * ```
 */
export function gradientNormJump<S extends Statistic>(
  given: GradientNormJumpOptions = {},
): OperatorFunction<ParameterUpdates<S | 'gradientNorm'>, AlertEvent> {
  const {
    ratio = 10,
    window = 50,
    ...options
  } = checkOptions('gradientNormJump', given, { ratio: true, window: true, ...RULE_OPTIONS });
  checkPositive('ratio', ratio);
  checkPositiveInteger('window', window);
  interface State {
    readonly norms: number[];
    /** The largest that was no jump. */
    largest: number;
  }
  return createRule<ParameterUpdates<'gradientNorm'>, State>(
    {
      name: 'gradient-norm-jump',
      severity: 'warning',
      recovery: 3,
      statistics: ['gradientNorm'],
      start: () => ({ norms: [], largest: 0 }),
      judge({ columns: { gradientNorm } }, state) {
        const norm = jointNorm(gradientNorm);
        if (Number.isNaN(norm)) return undefined;
        const mean = meanOf(state.norms);
        const limit = state.norms.length < window ? Infinity : Math.max(ratio * mean, FAR_ABOVE * state.largest);
        if (norm > limit) {
          return [
            {
              value: norm,
              threshold: limit,
              what: `the gradient norm is ${shortNumber(norm)}, ${shortNumber(norm / mean)} times its mean over the last ${window} updates`,
              cause: 'bad-batch',
              confidence: 'possible',
              otherwise: ['rate-too-high'],
              advice: "Look at this step's batch; clip the gradients, or lower the learning rate.",
            },
          ];
        }
        // An infinite one would make every mean infinite, and the rule blind.
        if (norm === Infinity) return [];
        pushBounded(state.norms, norm, window);
        state.largest = Math.max(state.largest, norm);
        return [];
      },
    },
    options,
  );
}
