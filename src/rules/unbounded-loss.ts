import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkPositive, shortNumber, type TrainingEvent } from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';

export interface UnboundedLossOptions extends RuleOptions {
  /** How many times the size of the first loss (1, where that is smaller) it must be below zero. Default: 10. */
  readonly ratio?: number;
}

/**
 * The loss is far below zero: ten times the size of the one that the run began with, three steps in a row. Cross entropies
 * and squared errors have 0 for a lower bound; a log-likelihood of densities, a cosine, the score of a critic go below it,
 * but hardly so far.
 *
 * Peers have no such rule.
 *
 * @throws TypeError when the ratio is not a positive number.
 *
 * @example
 * ```ts
 * import { observe, unboundedLoss } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(unboundedLoss()));
 * ```
 */
export function unboundedLoss(given: UnboundedLossOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  const { ratio = 10, ...options } = checkOptions('unboundedLoss', given, { ratio: true, ...RULE_OPTIONS });
  checkPositive('ratio', ratio);
  return createRule<TrainingEvent, { first?: number }>(
    {
      name: 'unbounded-loss',
      severity: 'warning',
      patience: 3,
      recovery: 3,
      start: () => ({}),
      judge(event, state) {
        if (event.type !== 'step-end' || !Number.isFinite(event.loss)) return undefined;
        state.first ??= event.loss;
        const threshold = -ratio * Math.max(1, Math.abs(state.first));
        if (!(event.loss < threshold)) return [];
        return [
          {
            value: event.loss,
            threshold,
            what: `the loss is ${shortNumber(event.loss)}, and was ${shortNumber(state.first)} at first`,
            cause: 'loss-unbounded',
            advice: "Look at the loss's sign, and that labels are as it takes them: 0 and 1, not −1 and 1.",
          },
        ];
      },
    },
    options,
  );
}
