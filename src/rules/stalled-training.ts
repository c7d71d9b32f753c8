import type { OperatorFunction, Subscriber } from 'rxjs';
import {
  type AlertEvent,
  checkOneOf,
  checkOptions,
  checkPositive,
  type EventContext,
  SEVERITIES,
  shortNumber,
  type TrainingEvent,
  type TrainingEventType,
} from '../events/index.js';
import { LinkedSubscriber, operate } from '../operators/index.js';
import type { RuleOptions } from './create-rule.js';
import { LazyAlarm } from './lazy-alarm.js';
import { asRule } from './rule-time.js';
import { type SavedTroubles, Troubles } from './troubles.js';

/** Do `work` in `delayMs`; what it returns cancels that. */
export type StallTimer = (work: () => void, delayMs: number) => () => void;

/** Options of {@link stalledTraining}. `afterMs` is its patience, and the next event ends the trouble. */
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
 * import { observe, stalledTraining } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(stalledTraining({ afterMs: 60_000 })));
 * ```
 */
export function stalledTraining(options: StalledTrainingOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  checkOptions('stalledTraining', options, { afterMs: true, timer: true, severity: true, memory: true });
  const { afterMs = 1_800_000, timer, severity = 'error', memory } = options;
  checkPositive('afterMs', afterMs);
  checkOneOf('severity', severity, SEVERITIES);
  return operate((source, subscriber) => {
    const alarm = new LazyAlarm();
    const watch = new StallWatch(subscriber, { afterMs, timer: timer ?? alarm.set, severity });
    memory?.enter(
      NAME,
      () => watch.save(),
      (saved) => watch.restore(saved as Remembered),
    );
    // However it ends: by itself, by an error, or because no one listens any more.
    subscriber.add(() => {
      watch.stop();
      alarm.stop();
    });
    const hear = (event: TrainingEvent) => asRule(NAME, () => watch.hear(event));
    return source.subscribe(new LinkedSubscriber(subscriber, hear));
  });
}

/** What a loop that was over begins again with. */
const BEGINS: ReadonlySet<TrainingEventType> = new Set(['train-begin', 'epoch-begin', 'step-begin']);

/** Hears the events of a loop, and tells when none has come for too long. */
class StallWatch {
  #troubles = createTroubles();
  #last: EventContext | undefined;
  #stalled = false;
  #over = false;
  #cancel = () => {};

  constructor(
    private readonly to: Subscriber<AlertEvent>,
    private readonly options: Required<Pick<StalledTrainingOptions, 'afterMs' | 'timer' | 'severity'>>,
  ) {}

  save(): Remembered {
    return { ...(this.#last && { last: this.#last }), stalled: this.#stalled, ...this.#troubles.save() };
  }

  restore(saved: Remembered): void {
    this.#troubles = createTroubles(saved);
    this.#last = saved.last;
    this.#stalled = saved.stalled;
  }

  stop(): void {
    this.#cancel();
  }

  hear(event: TrainingEvent): void {
    if (NOT_OF_THE_LOOP.has(event.type)) return;
    // A last evaluation or checkpoint may come after the end: nothing has to follow it.
    if (this.#over && !BEGINS.has(event.type)) return;
    this.#over = event.type === 'train-end';
    this.#cancel();
    const { afterMs, timer } = this.options;
    // Between two calls of it a training was not stalled, but over.
    if (event.type === 'train-begin') this.#last = undefined;
    if (this.#last && !this.#stalled && event.time - this.#last.time >= afterMs) this.#stall(this.#last);
    this.#stalled = false;
    this.#give(this.#troubles.take(event, []));
    const { type, run, step, epoch, time } = event;
    this.#last = type === 'train-end' ? undefined : { run, step, epoch, time };
    // Whoever took the alert may have left with it.
    this.#cancel = this.#last && !this.to.closed ? timer(() => this.#stall(event), afterMs) : () => {};
  }

  #stall({ run, step, epoch, time }: EventContext): void {
    this.#stalled = true;
    const { afterMs, severity } = this.options;
    const finding = {
      severity,
      value: afterMs,
      threshold: afterMs,
      what: `nothing has been heard of the loop for ${shortNumber(afterMs / 1000)} s`,
      advice: 'Look whether it waits for data, for a device, or for a promise that never settles.',
    };
    this.#give(this.#troubles.take({ run, step, epoch, time: time + afterMs }, [finding]));
  }

  #give(alerts: readonly AlertEvent[]): void {
    for (const alert of alerts) this.to.next(alert);
  }
}

function createTroubles(saved?: SavedTroubles): Troubles {
  return new Troubles(NAME, { patience: 1, recovery: 1 }, saved);
}

interface Remembered extends SavedTroubles {
  /** Where the loop was when it was last heard of. */
  readonly last?: EventContext;
  readonly stalled: boolean;
}
