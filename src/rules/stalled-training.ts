import type { OperatorFunction } from 'rxjs';
import { checkOneOf, checkPositive } from '../events/check-option.js';
import type { AlertEvent, EventContext, TrainingEvent, TrainingEventType } from '../events/events.js';
import { SEVERITIES } from '../events/severities.js';
import { shortNumber } from '../events/short-number.js';
import { LONGEST_TIMER_MS } from '../events/within.js';
import { LinkedSubscriber } from '../operators/linked-subscriber.js';
import { operate } from '../operators/operate.js';
import type { RuleOptions } from './create-rule.js';
import { type SavedTroubles, Troubles } from './troubles.js';

/** Do `work` in `delayMs`; what it returns cancels that. */
export type StallTimer = (work: () => void, delayMs: number) => () => void;

export interface StalledTrainingOptions extends Omit<RuleOptions, 'patience' | 'recovery'> {
  /** How long nothing may happen. Default: 1,800,000 ms, half an hour. Beyond 24 days only an event that comes tells it. */
  readonly afterMs?: number;
  /** Default: `setTimeout`, which does not keep the process alive. */
  readonly timer?: StallTimer;
}

const NAME = 'stalled-training';

/** Events that do not say that the loop goes on. */
const NOT_OF_THE_LOOP: ReadonlySet<TrainingEventType> = new Set(['alert', 'control', 'sink-error']);

/**
 * Nothing has been heard of the loop for half an hour, between its beginning and its `train-end`.
 *
 * A timer tells it while it lasts; a recorded run tells it by the times of its events. A loop that blocks the thread tells
 * it when it comes back.
 *
 * Peer: SageMaker Debugger's StalledTrainingRule, 1800 s without a step. The same here, but an evaluation, a checkpoint
 * and a log are signs of life too.
 *
 * @throws TypeError when `afterMs` is not a positive number.
 *
 * @example
 * ```ts
 * import { stalledTraining } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(stalledTraining({ afterMs: 60_000 })));
 * ```
 */
export function stalledTraining({
  afterMs = 1_800_000,
  timer = patientTimer,
  severity = 'error',
  memory,
}: StalledTrainingOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  checkPositive('afterMs', afterMs);
  checkOneOf('severity', severity, SEVERITIES);
  return operate((source, subscriber) => {
    const createTroubles = (saved?: SavedTroubles) => new Troubles(NAME, { patience: 1, recovery: 1 }, saved);
    let troubles = createTroubles();
    let last: EventContext | undefined;
    let stalled = false;
    let cancel = () => {};
    memory?.enter(
      NAME,
      (): Remembered => ({ ...(last && { last }), stalled, ...troubles.save() }),
      (saved) => {
        const remembered = saved as Remembered;
        troubles = createTroubles(remembered);
        last = remembered.last;
        stalled = remembered.stalled;
      },
    );
    const give = (alerts: readonly AlertEvent[]) => {
      for (const alert of alerts) subscriber.next(alert);
    };
    const stall = (since: EventContext) => {
      stalled = true;
      const { run, step, epoch } = since;
      const finding = {
        severity,
        value: afterMs,
        threshold: afterMs,
        what: `nothing has been heard of the loop for ${shortNumber(afterMs / 1000)} s`,
        advice: 'Look whether it waits for data, for a device, or for a promise that never settles.',
      };
      give(troubles.take({ run, step, epoch, time: since.time + afterMs }, [finding]));
    };
    // However it ends: by itself, by an error, or because no one listens any more.
    subscriber.add(() => cancel());
    const hear = (event: TrainingEvent) => {
      if (NOT_OF_THE_LOOP.has(event.type)) return;
      cancel();
      // Between two calls of it a training was not stalled, but over.
      if (event.type === 'train-begin') last = undefined;
      if (last && !stalled && event.time - last.time >= afterMs) stall(last);
      stalled = false;
      give(troubles.take(event, []));
      const { type, run, step, epoch, time } = event;
      last = type === 'train-end' ? undefined : { run, step, epoch, time };
      // Whoever took the alert may have left with it.
      cancel = last && !subscriber.closed ? timer(() => stall(event), afterMs) : () => {};
    };
    return source.subscribe(new LinkedSubscriber(subscriber, hear));
  });
}

interface Remembered extends SavedTroubles {
  /** Where the loop was when it was last heard of. */
  readonly last?: EventContext;
  readonly stalled: boolean;
}

const patientTimer: StallTimer = (work, delayMs) => {
  if (delayMs > LONGEST_TIMER_MS) return () => {};
  const timeout: unknown = setTimeout(work, delayMs);
  // A browser's is a number.
  if (typeof timeout === 'object' && timeout !== null && 'unref' in timeout) (timeout as { unref(): void }).unref();
  return () => clearTimeout(timeout as ReturnType<typeof setTimeout>);
};
