import { mergeMap, type OperatorFunction } from 'rxjs';
import { checkOneOf, checkPositiveInteger, describeValue } from '../events/check-option.js';
import type { AlertEvent, ControlRequest, Severity, TrainingEvent } from '../events/events.js';
import { SEVERITIES } from '../events/severities.js';
import { perSubscription } from '../operators/per-subscription.js';
import { isAtLeast } from './severity.js';

export interface RollbackOptions {
  /** Steps from one checkpoint to the next. Default: 50. */
  readonly every?: number;
  /** What the learning rate is multiplied with at each rollback, up to 1. Default: 0.1. */
  readonly factor?: number;
  /** The least severity of an alert that rolls back. Default: `error`. */
  readonly severity?: Severity;
  /** The rules whose alerts count. Default: all. */
  readonly rules?: readonly string[];
  /** Rollbacks after which it asks to stop instead. Default: 10. */
  readonly attempts?: number;
}

/**
 * Go back to the last good checkpoint when the run diverges, and on with a lower learning rate.
 *
 * It takes the events of a run whose rules are reported (`training.report(alerts$)`). It asks for a checkpoint before the
 * first update and then every 50 steps, as long as no such alert goes on; on an alert, for a rollback to before the step
 * at which the trouble was first seen, and a tenth of the rate, on top of whatever sets it. Steps go on counting: the data
 * do not go back. While checkpoints are held in memory (the default of `instrument()`), they cost the memory of the
 * parameters and the optimizer's state twice, and no time.
 *
 * @throws TypeError for a factor that is not between 0 and 1, counts that are no positive integers.
 *
 * @example
 * ```ts
 * import { defaultRules, instrument, rollback } from 'trainscope';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(defaultRules()));
 * training.steer(training.events$.pipe(rollback({ every: 100 })));
 * ```
 */
export function rollback({
  every = 50,
  factor = 0.1,
  severity = 'error',
  rules,
  attempts = 10,
}: RollbackOptions = {}): OperatorFunction<TrainingEvent, ControlRequest> {
  checkPositiveInteger('every', every);
  checkPositiveInteger('attempts', attempts);
  checkOneOf('severity', severity, SEVERITIES);
  if (!(factor > 0 && factor <= 1)) {
    throw new TypeError(`factor: expected a number above 0, up to 1; got ${describeValue(factor)}`);
  }
  return perSubscription(() => {
    let lastSave: number | undefined;
    let done = 0;
    let product = 1;
    const going = new Set<string>();
    const save = (step: number): ControlRequest[] => {
      lastSave = step;
      return [ask({ kind: 'save' }, 'a checkpoint to go back to')];
    };
    const goBack = (alert: AlertEvent): ControlRequest[] => {
      const where = alert.parameter === undefined ? '' : ` in ${alert.parameter}`;
      const why = `${alert.rule}${where} since step ${alert.firstStep}`;
      if (done === attempts) return [ask({ kind: 'stop' }, `rolled back ${done} times without a cure; ${why}`)];
      done++;
      product *= factor;
      lastSave = alert.step;
      return [
        ask({ kind: 'rollback', beforeStep: alert.firstStep }, why),
        ask({ kind: 'scale-learning-rate', factor: product }, 'a lower rate after the rollback'),
      ];
    };
    return mergeMap((event): ControlRequest[] => {
      if (event.type === 'alert' && isAtLeast(event, severity, rules)) {
        const trouble = `${event.rule}/${event.parameter ?? ''}`;
        if (event.phase === 'end') going.delete(trouble);
        else going.add(trouble);
        return event.phase === 'begin' ? goBack(event) : [];
      }
      if (event.type === 'pre-optimizer-step' && lastSave === undefined) return save(event.step);
      if (event.type === 'step-end' && going.size === 0 && event.step - (lastSave ?? 0) >= every)
        return save(event.step);
      return [];
    });
  });
}

function ask(command: ControlRequest['command'], message: string): ControlRequest {
  return { command, source: 'rollback', message };
}
