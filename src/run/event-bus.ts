import type { Observable, Subscriber } from 'rxjs';
import {
  type AlertEvent,
  type Evaluation,
  type EventContext,
  type StepEndEvent,
  TimeLedger,
  type TrainingEvent,
} from '../events/index.js';
import { deliverGuarded, type FailureHandler } from './guard.js';
import { SupervisedObservable } from './supervised-observable.js';

/** An event as a source says it: the run adds its name, the time, and the position unless it is given. */
export type PublishedEvent<E extends TrainingEvent = TrainingEvent> = E extends TrainingEvent
  ? Omit<E, keyof EventContext> & Partial<Pick<E, 'step' | 'epoch' | 'time'>>
  : never;

/**
 * Whom a subscription to the events serves. At the end of a run those who publish are completed first, so that what they
 * still have to say reaches those who only look.
 */
export type Role = 'report' | 'steer' | 'look';

/** What a `step-end` says of the time that observing took. */
export type ObservingTime = Required<Pick<StepEndEvent, 'observingMs' | 'observingBy'>>;

/** Whose time it is where nobody says that it is theirs: operators without a name, and the delivery itself. */
const UNNAMED = 'operators';

const ROLES: readonly Role[] = ['report', 'steer', 'look'];

/**
 * How long a chain of answers may be within one event of the loop: an alert of an event, the request that answers it, what
 * came of that, and so on. One that goes round would hold the loop up for ever.
 */
const LONGEST_CHAIN = 16;

/** An event that was published while another one was delivered: the answer to an answer is one deeper. */
interface Answer {
  readonly event: TrainingEvent;
  readonly depth: number;
}

interface Listener {
  readonly subscriber: Subscriber<TrainingEvent>;
  readonly role: Role;
}

export interface EventBusOptions {
  readonly run: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** What followers take is measured by it: milliseconds since any moment, never set back. Default: `performance.now`. */
  readonly stopwatch?: () => number;
  /** Told what a listener, or the clock, has failed with. */
  readonly onFailure: (name: string, cause: unknown) => void;
}

/**
 * Where a source's events come together: it stamps them, freezes them, and delivers each to everyone who listens. A loop
 * that publishes here cannot be stopped by a listener.
 */
export class EventBus {
  readonly run: string;
  /** Every event of the run, hot: a subscriber gets those from now on. */
  readonly events$: Observable<TrainingEvent>;
  /** Updates done. The source moves it. */
  step = 0;
  /** Epochs done. The source moves it. */
  epoch = 0;
  /** Who takes how much time of the loop. */
  readonly ledger: TimeLedger;

  readonly #options: EventBusOptions;
  /** Replaced when it changes: one who comes or goes during a delivery does not disturb it. */
  #listeners: readonly Listener[] = [];
  #role: Role = 'look';
  /** Subscriptions so far. */
  #joined = 0;
  #clock: () => number;
  #delivering = false;
  #ended = false;
  /** Of what is being delivered: 0 for what the loop itself has published. */
  #depth = 0;
  readonly #waiting: Answer[] = [];
  /** Those that were published. */
  readonly #alerts = new WeakSet<AlertEvent>();
  readonly #fail: FailureHandler;

  constructor(options: EventBusOptions) {
    this.run = options.run;
    this.#options = options;
    this.#clock = options.clock;
    this.ledger = new TimeLedger(options.stopwatch ?? (() => performance.now()));
    this.#fail = (cause) => options.onFailure('subscriber', cause);
    this.events$ = new SupervisedObservable<TrainingEvent>(this.#fail, (subscriber) => this.#add(subscriber));
  }

  /** The run, the position and the time of now. */
  context(): EventContext {
    return { run: this.run, step: this.step, epoch: this.epoch, time: this.#time() };
  }

  /**
   * Deliver an event to everyone who listens. One that is published while another is being delivered (an alert, say)
   * comes after it, so that all listeners see the same order; but a live handle cannot wait.
   *
   * @throws Error for an answer that only continues a chain of answers: whoever publishes it is detached.
   */
  publish(event: PublishedEvent): void {
    if (this.#ended || this.#listeners.length === 0) return;
    const { run, step, epoch } = this;
    // One literal with one spread: V8 copies a second one thirty times slower.
    const stamped = freeze({ run, step, epoch, time: this.#time(), ...event } as TrainingEvent);
    if (stamped.type === 'alert') this.#alerts.add(stamped);
    if (this.#delivering && !carriesLiveHandle(stamped)) {
      this.#answer(stamped);
      return;
    }
    this.ledger.charge(UNNAMED, () => this.#deliverWithAnswers(stamped));
  }

  /** Publish what a rule has found. @throws TypeError for an alert of this bus: it would come round for ever. */
  publishAlert(alert: AlertEvent): void {
    if (this.#alerts.has(alert)) {
      throw new TypeError('alerts$: expected what rules give, got alerts that are events of this run already');
    }
    this.publish(alert);
  }

  /**
   * What those who follow the run took since the last call, of a step of `durationMs`: not more than all of it. What they
   * took between two steps counts to the second.
   */
  takeObserving(durationMs: number): ObservingTime {
    const spent = Object.entries(this.ledger.take());
    const sum = spent.reduce((all, [, ms]) => all + ms, 0);
    const share = sum > durationMs ? durationMs / sum : 1;
    const observingBy = Object.fromEntries(spent.map(([name, ms]) => [name, ms * share]));
    return { observingMs: Math.min(sum, durationMs), observingBy };
  }

  /** Whoever subscribes to the events while `subscribe` runs serves this role. Gives whether anybody does. */
  inRole(role: Role, subscribe: () => void): boolean {
    const [before, joined] = [this.#role, this.#joined];
    this.#role = role;
    try {
      subscribe();
    } finally {
      this.#role = before;
    }
    return this.#joined > joined;
  }

  /** Complete the stream for those who serve a role. The others still get events. */
  complete(role: Role): void {
    for (const listener of this.#listeners.filter((each) => each.role === role)) {
      this.#guard(listener, () => listener.subscriber.complete());
    }
  }

  /** Complete the stream for everyone; nothing is delivered any more. */
  end(): void {
    for (const role of ROLES) this.complete(role);
    this.#ended = true;
  }

  #add(subscriber: Subscriber<TrainingEvent>): () => void {
    if (this.#ended) {
      subscriber.complete();
      return () => {};
    }
    const listener: Listener = { subscriber, role: this.#role };
    this.#listeners = [...this.#listeners, listener];
    this.#joined++;
    return () => this.#remove(listener);
  }

  #remove(listener: Listener): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener);
  }

  #answer(event: TrainingEvent): void {
    const depth = this.#depth + 1;
    if (depth > LONGEST_CHAIN && event.type !== 'sink-error') {
      throw new Error(
        `events$: expected answers to come to an end, got one of type ${event.type} after ${LONGEST_CHAIN} answers to answers`,
      );
    }
    // A failure has room to be seen. Those beyond are told to onSinkError, and by close(), all the same.
    if (depth <= 2 * LONGEST_CHAIN) this.#waiting.push({ event, depth });
  }

  #deliverWithAnswers(event: TrainingEvent): void {
    const outermost = !this.#delivering;
    this.#delivering = true;
    try {
      this.#deliver(event);
      if (outermost) this.#deliverAnswers();
    } finally {
      if (outermost) {
        this.#delivering = false;
        this.#depth = 0;
      }
    }
  }

  #deliverAnswers(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#depth = next.depth;
      this.#deliver(next.event);
    }
  }

  #deliver(event: TrainingEvent): void {
    for (const listener of this.#listeners) this.#guard(listener, () => listener.subscriber.next(event));
  }

  #guard(listener: Listener, deliver: () => void): void {
    deliverGuarded(deliver, (cause) => {
      // Not by unsubscribing alone: groupBy goes on while a group is listened to, and would fail at its own sink-error.
      this.#remove(listener);
      deliverGuarded(() => listener.subscriber.unsubscribe(), this.#fail);
      this.#fail(cause);
    });
  }

  #time(): number {
    try {
      return this.#clock();
    } catch (cause) {
      // Another clock from now on, or every event would tell of it.
      this.#clock = Date.now;
      this.#options.onFailure('clock', cause);
      return Date.now();
    }
  }
}

function carriesLiveHandle({ type }: TrainingEvent): boolean {
  return type === 'pre-optimizer-step' || type === 'optimizer-step';
}

/** What one listener does to an event, no other one shall see; and what the source gave stays its own. */
function freeze(event: TrainingEvent): TrainingEvent {
  if ('metrics' in event) return Object.freeze({ ...event, ...frozenEvaluation(event) });
  if (event.type === 'alert' && event.parameters)
    return Object.freeze({ ...event, parameters: Object.freeze([...event.parameters]) });
  if ('observingBy' in event) return Object.freeze({ ...event, observingBy: Object.freeze({ ...event.observingBy }) });
  if ('command' in event) return Object.freeze({ ...event, command: Object.freeze({ ...event.command }) });
  return Object.freeze(event);
}

function frozenEvaluation({ metrics, confusion }: Evaluation): Evaluation {
  const counts = confusion?.counts.map((row) => Object.freeze([...row]));
  return {
    metrics: Object.freeze({ ...metrics }),
    ...(confusion &&
      counts && {
        confusion: Object.freeze({ classes: Object.freeze([...confusion.classes]), counts: Object.freeze(counts) }),
      }),
  };
}
