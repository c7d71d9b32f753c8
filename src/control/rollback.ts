import { mergeMap, type OperatorFunction } from 'rxjs';
import {
  type AlertEvent,
  type ControlRequest,
  checkOneOf,
  checkOptions,
  checkPositiveInteger,
  checkShare,
  type RunMemory,
  remembered,
  SEVERITIES,
  type Severity,
  type TrainingEvent,
} from '../events/index.js';
import { perSubscription } from '../operators/index.js';
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
  /** Where it keeps what it remembers. Default: nowhere, it begins anew with each subscription. */
  readonly memory?: RunMemory;
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
 * import { defaultRules, rollback } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(defaultRules()));
 * training.steer(training.events$.pipe(rollback({ every: 100 })));
 * ```
 */
export function rollback(options: RollbackOptions = {}): OperatorFunction<TrainingEvent, ControlRequest> {
  checkOptions('rollback', options, {
    every: true,
    factor: true,
    severity: true,
    rules: true,
    attempts: true,
    memory: true,
  });
  const { every = 50, factor = 0.1, severity = 'error', rules, attempts = 10, memory } = options;
  checkPositiveInteger('every', every);
  checkPositiveInteger('attempts', attempts);
  checkOneOf('severity', severity, SEVERITIES);
  checkShare('factor', factor);
  return perSubscription(() => {
    const state = remembered(memory, 'rollback', {
      lastSave: null as number | null,
      done: 0,
      product: 1,
      /** Troubles that go on. */
      going: [] as string[],
    });
    const save = (step: number): ControlRequest[] => {
      state.lastSave = step;
      return [ask({ kind: 'save' }, 'a checkpoint to go back to')];
    };
    const goBack = (alert: AlertEvent): ControlRequest[] => {
      const where = alert.parameter === undefined ? '' : ` in ${alert.parameter}`;
      const why = `${alert.rule}${where} since step ${alert.firstStep}`;
      if (state.done === attempts)
        return [ask({ kind: 'stop' }, `rolled back ${state.done} times without a cure; ${why}`)];
      state.done++;
      state.product *= factor;
      state.lastSave = alert.step;
      return [
        ask({ kind: 'rollback', beforeStep: alert.firstStep }, why),
        ask({ kind: 'scale-learning-rate', factor: state.product }, 'a lower rate after the rollback'),
      ];
    };
    return mergeMap((event): ControlRequest[] => {
      if (event.type === 'alert') {
        const trouble = `${event.rule}/${event.parameter ?? ''}`;
        // Who tells of the end may think it harmless; and two troubles of one place end one by one.
        const at = state.going.indexOf(trouble);
        if (event.phase === 'end' && at >= 0) state.going.splice(at, 1);
        if (event.phase === 'end' || !isAtLeast(event, severity, rules)) return [];
        state.going.push(trouble);
        return goBack(event);
      }
      if (event.type === 'pre-optimizer-step' && state.lastSave === null) return save(event.step);
      if (event.type === 'step-end' && state.going.length === 0 && event.step - (state.lastSave ?? 0) >= every)
        return save(event.step);
      return [];
    });
  });
}

function ask(command: ControlRequest['command'], message: string): ControlRequest {
  return { command, source: 'rollback', message };
}
