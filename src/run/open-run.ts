import type { Observable, Subscription } from 'rxjs';
import {
  type AlertEvent,
  type ControlRequest,
  checkThat,
  type OptionNames,
  type SinkErrorEvent,
  type TrainingEvent,
  within,
} from '../events/index.js';
import { Attachments, type AttachOptions, checkStream, type Follower } from './attachments.js';
import { checkAlert, checkRequest } from './check-given.js';
import { type Act, ControlQueue } from './control-queue.js';
import { EventBus } from './event-bus.js';
import { reasonOf, type SinkErrorHandler, SinkErrors } from './sink-errors.js';
import { SupervisedObservable } from './supervised-observable.js';

/** Options that every run has, whatever its source. */
export interface RunOptions {
  /** The name of the run, on every event. Default: `run`. */
  readonly run?: string;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** Told of each `sink-error` as it happens. Default: one line on standard error. */
  readonly onSinkError?: SinkErrorHandler;
  /** How long `close()` waits for a stream or a sink that does not end; `Infinity` for ever. Default: 10,000 ms. */
  readonly closeTimeoutMs?: number;
}

export const RUN_OPTIONS: OptionNames<RunOptions> = { run: true, clock: true, onSinkError: true, closeTimeoutMs: true };

const CLOSE_TIMEOUT_MS = 10_000;

/**
 * What every source of a run is made of: the bus that its events go by, whoever is attached, and the queue of what is
 * asked of its loop.
 */
export class OpenRun {
  readonly bus: EventBus;
  readonly queue: ControlQueue;
  readonly #attachments: Attachments;
  readonly #errors: SinkErrors;
  readonly #timeoutMs: number;
  readonly #lastReasons = new Map<string, string>();
  #closing: Promise<readonly SinkErrorEvent[]> | undefined;

  /** One `sink-error` of what failed in observing. */
  readonly fail = (name: string, cause: unknown): void => {
    this.bus.publish(this.#errors.add(name, cause, this.#position()));
  };

  /** The same, but not what `name` failed with the last time, too: what fails in every step is told once. */
  failAnew(name: string, cause: unknown): void {
    const reason = reasonOf(cause);
    if (this.#lastReasons.get(name) === reason) return;
    this.#lastReasons.set(name, reason);
    this.fail(name, cause);
  }

  /** @throws TypeError for a run without a name. */
  constructor({ run = 'run', clock = Date.now, onSinkError, closeTimeoutMs = CLOSE_TIMEOUT_MS }: RunOptions, act: Act) {
    checkThat('clock', typeof clock === 'function', 'a function that gives milliseconds', clock);
    checkThat('closeTimeoutMs', closeTimeoutMs >= 0, 'a number of milliseconds, at least 0', closeTimeoutMs);
    if (typeof run !== 'string' || run === '') {
      throw new TypeError(`run: expected a name that is not empty, got ${JSON.stringify(run)}`);
    }
    this.#errors = new SinkErrors(onSinkError);
    this.#timeoutMs = closeTimeoutMs;
    this.bus = new EventBus({ run, clock, onFailure: this.fail });
    this.queue = new ControlQueue(this.bus, act);
    this.#attachments = new Attachments(this.bus, this.fail);
  }

  /** Whether `close()` has been called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  get events$(): Observable<TrainingEvent> {
    return this.bus.events$;
  }

  attach<T>(stream$: Observable<T>, follower: Follower<T>, options?: AttachOptions): Subscription {
    this.#checkOpen('attach');
    return this.#attachments.attach(stream$, follower, options);
  }

  supervise<T>(stream$: Observable<T>): Observable<T> {
    checkStream(stream$);
    return new SupervisedObservable<T>(
      (cause) => this.fail('subscriber', cause),
      (subscriber) => stream$.subscribe(subscriber),
    );
  }

  report(alerts$: Observable<AlertEvent>): Subscription {
    this.#checkOpen('report');
    const publish = (alert: AlertEvent) => this.bus.publishAlert(checkAlert(alert));
    return this.#attachments.attach(alerts$, publish, { name: 'report' }, 'report');
  }

  steer(requests$: Observable<ControlRequest>): Subscription {
    this.#checkOpen('steer');
    const ask = (request: ControlRequest) => this.queue.ask(checkRequest(request));
    return this.#attachments.attach(requests$, ask, { name: 'steer' }, 'steer');
  }

  /** Wait until everything attached has written what it has taken so far; the stream goes on. */
  flush(): Promise<void> {
    return this.#attachments.flush(this.#timeoutMs);
  }

  /** Wait until what control has begun is done. */
  async settled(): Promise<void> {
    if (await within(this.#timeoutMs, this.queue.settled())) return;
    this.queue.refuseUnderway(`it was not done within ${this.#timeoutMs} ms of close()`);
  }

  /** Wait for something of the loop that is under way, as long as `close()` waits. Gives whether it has ended. */
  within(something: Promise<unknown>): Promise<boolean> {
    return within(this.#timeoutMs, something);
  }

  /** End the stream, and wait until everything attached has ended. Gives every `sink-error` of the run. */
  close(): Promise<readonly SinkErrorEvent[]> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Rules end first, then control, then those who look: what is still on its way to one of them reaches the next. */
  async #close(): Promise<readonly SinkErrorEvent[]> {
    this.bus.complete('report');
    await this.#attachments.ended('report', this.#timeoutMs);
    this.bus.complete('steer');
    await this.#attachments.ended('steer', this.#timeoutMs);
    // First, so that a loop that goes on takes none whose end would not be told.
    this.queue.refuseWaiting('the run has ended');
    await this.settled();
    this.bus.end();
    this.#attachments.leaveForeign();
    await this.#attachments.ended('look', this.#timeoutMs);
    return this.#errors.all;
  }

  #checkOpen(method: string): void {
    if (!this.closed) return;
    throw new Error(`${method}(): expected an open run, got ${this.bus.run} after close(); do it before`);
  }

  /** The clock may be what has failed. */
  #position() {
    const { run, step, epoch } = this.bus;
    return { run, step, epoch, time: Date.now() };
  }
}
