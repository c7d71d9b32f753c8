import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, type TrainingEvent } from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';

/**
 * The learning rate is 0, ten updates in a row: nothing is learned. A warm-up begins with one such update, and a schedule
 * ends with one.
 *
 * Peers have no such rule.
 *
 * @example
 * ```ts
 * import { observe, zeroLearningRate } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(zeroLearningRate()));
 * ```
 */
export function zeroLearningRate(options: RuleOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  checkOptions('zeroLearningRate', options, RULE_OPTIONS);
  return createRule(
    {
      name: 'zero-learning-rate',
      severity: 'warning',
      patience: 10,
      recovery: 1,
      start: () => ({}),
      judge(event: TrainingEvent) {
        if (event.type !== 'step-end') return undefined;
        if (event.learningRate !== 0) return [];
        return [
          {
            value: 0,
            what: 'the learning rate is 0',
            cause: 'rate-zero',
            confidence: 'certain',
            advice:
              'Look at the schedule: its number of steps, the end of its warm-up; and at what else sets the rate.',
          },
        ];
      },
    },
    options,
  );
}
