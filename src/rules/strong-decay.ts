import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkShare, shortNumber } from '../events/index.js';
import { jointNorm, type ParameterUpdates, type Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { hasFallen, type LossCourse, lossCourse, takeLoss } from './loss-course.js';

export interface StrongDecayOptions extends RuleOptions {
  /** The smallest share of their first norm that all weights together may shrink to while nothing is learned. Default: 0.5. */
  readonly share?: number;
}

/** Less is left of no healthy network's weights, whatever its loss does: a penalty of the weights falls with them. */
const COLLAPSED = 0.1;

/**
 * The weights shrink to half of their norm while the loss has not fallen since the run began; or to a tenth, whatever it
 * does.
 *
 * Peers have no such rule. Weights of a network that learns grow, or shrink by little.
 *
 * @throws TypeError when the share is not above 0, up to 1.
 *
 * @example
 * ```ts
 * import { observe, parameterUpdates, strongDecay } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(parameterUpdates({ statistics: ['weightNorm'] }), strongDecay()));
 * ```
 */
export function strongDecay<S extends Statistic>(
  given: StrongDecayOptions = {},
): OperatorFunction<ParameterUpdates<S | 'weightNorm'>, AlertEvent> {
  const { share = 0.5, ...options } = checkOptions('strongDecay', given, { share: true, ...RULE_OPTIONS });
  checkShare('share', share);
  interface State {
    readonly course: LossCourse;
    /** The first norm. */
    norm?: number;
  }
  return createRule<ParameterUpdates<'weightNorm'>, State>(
    {
      name: 'strong-decay',
      severity: 'warning',
      patience: 3,
      statistics: ['weightNorm'],
      start: () => ({ course: lossCourse() }),
      judge({ loss, columns: { weightNorm } }, state) {
        takeLoss(state.course, loss);
        const norm = jointNorm(weightNorm);
        if (Number.isNaN(norm)) return undefined;
        state.norm ??= norm;
        const value = norm / state.norm;
        const least = hasFallen(state.course) === false ? share : COLLAPSED;
        if (!(value < least)) return [];
        return [
          {
            value,
            threshold: least,
            what: `the weights have shrunk to ${shortNumber(value)} of their first norm, below ${shortNumber(least)}`,
            cause: 'decay-too-strong',
            advice: 'Lower the weight decay, or the penalty of the weights, tenfold: 0.01 is usual for AdamW.',
          },
        ];
      },
    },
    options,
  );
}
