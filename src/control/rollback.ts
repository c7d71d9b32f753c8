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

/** Options of {@link rollback}: how often it saves, and what makes it go back. */
export interface RollbackOptions {
  /** Steps from one checkpoint to the next. Default: 50. */
  readonly every?: number;
  /** What the learning rate is multiplied with at each rollback, up to 1. Default: 0.1. */
  readonly factor?: number;
  /** The least severity of an alert that rolls back. Default: `error`. */
  readonly severity?: Severity;
  /** The rules whose alerts count. Default: all. */
  readonly rules?: readonly string[];
  /** Rollbacks, with the rate not back in between, after which it asks to stop instead. Default: 10. */
  readonly attempts?: number;
  /** Where it keeps what it remembers. Default: nowhere, it begins anew with each subscription. */
  readonly memory?: RunMemory;
}

/** Intervals between checkpoints in which all is well, until a cut is made up for. */
const INTERVALS_TO_RECOVER = 4;

/**
 * Go back to the last good checkpoint when the run diverges, and on with a lower learning rate, for a while.
 *
 * It takes the events of a run whose rules are reported (`training.report(alerts$)`). It asks for a checkpoint before the
 * first update and then every 50 steps, as long as no such alert goes on; on an alert, for a rollback to before the step
 * at which the trouble was first seen, and a tenth of the rate, on top of whatever sets it. While all is well, the rate
 * comes back, by and by with four checkpoints: to what it was after a first trouble, which may have been one batch's; after
 * a second at such a rate, to a third of that. Steps go on counting: the data do not go back. While checkpoints are held in memory (the default of `instrument()`), they cost the memory of the
 * parameters and the optimizer's state twice, and no time.
 *
 * @throws TypeError for a factor that is not between 0 and 1, counts that are no positive integers.
 *
 * @example
 * ```ts
 * import { defaultRules, observe, rollback } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(defaultRules()));
 * run.steer(run.events$.pipe(rollback({ every: 100 })));
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
      /** How far the product may recover. */
      most: 1,
      /** The lowest product at which there was trouble. */
      failedAt: null as number | null,
      /** Troubles that go on. */
      going: [] as string[],
    });
    const save = (step: number): ControlRequest[] => {
      state.lastSave = step;
      return [ask({ kind: 'save' }, 'a checkpoint to go back to')];
    };
    /** Once may be a batch's fault; a second time at such a rate is the rate's. */
    const cut = () => {
      const { product, failedAt } = state;
      if (failedAt !== null && product >= failedAt) state.most = Math.min(state.most, failedAt * Math.sqrt(factor));
      state.failedAt = Math.min(failedAt ?? Infinity, product);
      state.product *= factor;
    };
    const recover = (): ControlRequest[] => {
      if (state.product >= state.most) return [];
      state.product = Math.min(state.most, state.product * factor ** (-1 / INTERVALS_TO_RECOVER));
      if (state.product === state.most) state.done = 0;
      return [ask({ kind: 'scale-learning-rate', factor: state.product }, `all has been well for ${every} steps`)];
    };
    const goBack = (alert: AlertEvent): ControlRequest[] => {
      const where = alert.parameter === undefined ? '' : ` in ${alert.parameter}`;
      const why = `${alert.rule}${where} since step ${alert.firstStep}`;
      if (state.done === attempts)
        return [ask({ kind: 'stop' }, `rolled back ${state.done} times without a cure; ${why}`)];
      state.done++;
      cut();
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
        return [...save(event.step), ...recover()];
      return [];
    });
  });
}

function ask(command: ControlRequest['command'], message: string): ControlRequest {
  return { command, source: 'rollback', message };
}
