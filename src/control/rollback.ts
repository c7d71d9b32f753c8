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
  const settings: Settings = { every, factor, severity, rules, attempts };
  return perSubscription(() => {
    const rollbacks = new Rollbacks(remembered(memory, 'rollback', beginning()), settings);
    return mergeMap((event) => rollbacks.take(event));
  });
}

interface State {
  lastSave: number | null;
  done: number;
  product: number;
  /** How far the product may recover. */
  most: number;
  /** The lowest product at which there was trouble. */
  failedAt: number | null;
  /** Troubles that go on. */
  readonly going: string[];
}

function beginning(): State {
  return { lastSave: null, done: 0, product: 1, most: 1, failedAt: null, going: [] };
}

type Settings = Required<Pick<RollbackOptions, 'every' | 'factor' | 'severity' | 'attempts'>> & {
  readonly rules: readonly string[] | undefined;
};

/** What is asked for on each event of a run. */
class Rollbacks {
  constructor(
    private readonly state: State,
    private readonly settings: Settings,
  ) {}

  take(event: TrainingEvent): ControlRequest[] {
    const { lastSave, going } = this.state;
    switch (event.type) {
      case 'alert':
        return this.#isNewTrouble(event) ? this.#goBack(event) : [];
      case 'pre-optimizer-step':
        return lastSave === null ? this.#save(event.step) : [];
      case 'step-end': {
        const isDue = going.length === 0 && event.step - (lastSave ?? 0) >= this.settings.every;
        return isDue ? [...this.#save(event.step), ...this.#recover()] : [];
      }
      default:
        return [];
    }
  }

  #isNewTrouble(alert: AlertEvent): boolean {
    const { going } = this.state;
    const { severity, rules } = this.settings;
    const trouble = `${alert.rule}/${alert.parameter ?? ''}`;
    // Who tells of the end may think it harmless; and two troubles of one place end one by one.
    const at = going.indexOf(trouble);
    if (alert.phase === 'end' && at >= 0) going.splice(at, 1);
    if (alert.phase === 'end' || !isAtLeast(alert, severity, rules)) return false;
    going.push(trouble);
    return true;
  }

  #save(step: number): ControlRequest[] {
    this.state.lastSave = step;
    return [ask({ kind: 'save' }, 'a checkpoint to go back to')];
  }

  #goBack(alert: AlertEvent): ControlRequest[] {
    const { state } = this;
    const where = alert.parameter === undefined ? '' : ` in ${alert.parameter}`;
    const why = `${alert.rule}${where} since step ${alert.firstStep}`;
    if (state.done === this.settings.attempts)
      return [ask({ kind: 'stop' }, `rolled back ${state.done} times without a cure; ${why}`)];
    state.done++;
    this.#cut();
    state.lastSave = alert.step;
    return [
      ask({ kind: 'rollback', beforeStep: alert.firstStep }, why),
      ask({ kind: 'scale-learning-rate', factor: state.product }, 'a lower rate after the rollback'),
    ];
  }

  /** Once may be a batch's fault; a second time at such a rate is the rate's. */
  #cut(): void {
    const { state } = this;
    const { factor } = this.settings;
    const { product, failedAt } = state;
    if (failedAt !== null && product >= failedAt) state.most = Math.min(state.most, failedAt * Math.sqrt(factor));
    state.failedAt = Math.min(failedAt ?? Infinity, product);
    state.product *= factor;
  }

  #recover(): ControlRequest[] {
    const { state } = this;
    const { every, factor } = this.settings;
    if (state.product >= state.most) return [];
    state.product = Math.min(state.most, state.product * factor ** (-1 / INTERVALS_TO_RECOVER));
    if (state.product === state.most) state.done = 0;
    return [ask({ kind: 'scale-learning-rate', factor: state.product }, `all has been well for ${every} steps`)];
  }
}

function ask(command: ControlRequest['command'], message: string): ControlRequest {
  return { command, source: 'rollback', message };
}
