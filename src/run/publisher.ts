import { type Observable, type Observer, Subject, type Subscription } from 'rxjs';
import type { AlertEvent, ControlRequest, EventContext, SinkErrorEvent, TrainingEvent } from '../events/events.js';
import type { Sink } from '../events/sink.js';
import { within } from '../events/within.js';
import { SupervisedObservable, subscribeGuarded } from './supervised-observable.js';

export interface PublisherOptions {
  /** The name of the run, on every event. Default: `run`. */
  readonly run?: string;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** Told of each `sink-error` as it happens. Default: one line on standard error. */
  readonly onSinkError?: (event: SinkErrorEvent) => void;
  /** How long `close()` waits for a stream or a sink that does not end; `Infinity` for ever. Default: 10,000 ms. */
  readonly closeTimeoutMs?: number;
}

type WithoutContext<E> = E extends TrainingEvent
  ? Omit<E, keyof EventContext> & Partial<Pick<E, 'step' | 'epoch'>>
  : never;

/** An event as a source says it: the publisher adds the run, the time, and the position unless it is given. */
export type PublishedEvent = WithoutContext<TrainingEvent>;

export interface AttachOptions {
  /** Said in `sink-error` events. Default: the sink's own name. */
  readonly name?: string;
}

/**
 * Does what a request asks of the loop. Gives what came of it where there is something to say (`0.01 → 0.005`); throws,
 * or rejects, with the reason where it cannot be done.
 */
export type Act = (request: ControlRequest) => string | undefined | Promise<string | undefined>;

/**
 * Where a source's events come together: it stamps them, delivers them, supervises who listens, and ends the stream.
 * A loop that publishes here cannot be stopped by a listener.
 */
export class Publisher {
  readonly run: string;
  /** Every event of the run, hot: a subscriber gets those from now on. */
  readonly events$: Observable<TrainingEvent>;
  /** Updates done. The source moves it. */
  step = 0;
  /** Epochs done. The source moves it. */
  epoch = 0;

  readonly #subject = new Subject<TrainingEvent>();
  readonly #attachments = new Set<Attachment>();
  readonly #sinkErrors: SinkErrorEvent[] = [];
  readonly #options: PublisherOptions;
  readonly #clock: () => number;
  #observingMs = 0;
  /** Acts that take their time. */
  readonly #acting = new Set<Promise<void>>();
  #delivering = false;
  readonly #waiting: TrainingEvent[] = [];
  #closing: Promise<readonly SinkErrorEvent[]> | undefined;

  constructor(options: PublisherOptions = {}) {
    if (options.run !== undefined && (typeof options.run !== 'string' || options.run === '')) {
      throw new TypeError(`run: expected a name that is not empty, got ${JSON.stringify(options.run)}`);
    }
    this.run = options.run ?? 'run';
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.events$ = new SupervisedObservable<TrainingEvent>(this.#fail, (subscriber) =>
      this.#subject.subscribe(subscriber),
    );
  }

  /** Whether `close()` has been called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Deliver an event to everyone who listens. One that is published while another is being delivered (an alert, say)
   * comes after it, so that all listeners see the same order; but a live handle cannot wait.
   */
  publish(event: PublishedEvent): void {
    const { step, epoch } = this;
    const stamped = { run: this.run, step, epoch, time: this.#clock(), ...event } as TrainingEvent;
    if (this.#delivering && !carriesLiveHandle(stamped)) {
      this.#waiting.push(stamped);
      return;
    }
    const outermost = !this.#delivering;
    const begin = performance.now();
    this.#delivering = true;
    try {
      this.#subject.next(stamped);
      if (outermost) this.#deliverWaiting();
    } finally {
      if (outermost) {
        this.#delivering = false;
        this.#observingMs += performance.now() - begin;
      }
    }
  }

  #deliverWaiting(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) this.#subject.next(next);
  }

  /** Milliseconds that listeners took since the last call. */
  takeObservingMs(): number {
    const taken = this.#observingMs;
    this.#observingMs = 0;
    return taken;
  }

  /**
   * Let an observer or a sink follow a stream, under supervision: when it throws, or its stream fails, that becomes one
   * `sink-error` event and it is detached; the training and the others go on. `close()` waits for it.
   */
  attach<T>(
    stream$: Observable<T>,
    observer: Partial<Observer<T>> | Sink<T> | ((value: T) => void),
    options: AttachOptions = {},
  ): Subscription {
    const target = typeof observer === 'function' ? { next: observer } : observer;
    const sink = isSink(target) ? target : undefined;
    const name = options.name ?? sink?.name ?? 'observer';
    const attachment = new Attachment(name, sink);
    this.#attachments.add(attachment);
    let failed = false;
    const fail = (cause: unknown) => {
      if (failed) return;
      failed = true;
      this.#fail(name, cause);
      attachment.completed = true;
      attachment.subscription?.unsubscribe();
      // What the sink took before is still to be written.
      swallow(() => sink?.complete());
    };
    sink?.closed.catch(fail);
    attachment.subscription = subscribeGuarded<T>(
      (guarded) => stream$.subscribe(guarded),
      {
        next: (value) => target.next?.(value),
        error: fail,
        complete: () => {
          attachment.completed = true;
          target.complete?.();
        },
      },
      fail,
    );
    attachment.subscription.add(attachment.end);
    return attachment.subscription;
  }

  /**
   * Make every alert an event of the run, so that all sinks see it. A rule that throws becomes a `sink-error`, as
   * anything attached does.
   */
  report(alerts$: Observable<AlertEvent>): Subscription {
    return this.attach(alerts$, (alert) => this.publish(alert), { name: 'report' });
  }

  /**
   * Have every request done by `act`, at once, and tell of it by a `control` event: who asked, why, and what came of it,
   * or why it could not be done. Requests that come while a slow one is being done are told of in the order in which
   * they end.
   */
  steer(requests$: Observable<ControlRequest>, act: Act): Subscription {
    return this.attach(requests$, (request) => this.#act(request, act), { name: 'steer' });
  }

  #act(request: ControlRequest, act: Act): void {
    try {
      const outcome = act(request);
      if (!(outcome instanceof Promise)) {
        this.#tell(request, outcome);
        return;
      }
      const told = outcome
        .then(
          (value) => this.#tell(request, value),
          (cause) => this.#refuse(request, cause),
        )
        .finally(() => this.#acting.delete(told));
      this.#acting.add(told);
    } catch (cause) {
      this.#refuse(request, cause);
    }
  }

  #tell({ command, source, message, parameter }: ControlRequest, outcome: string | undefined, refused = false): void {
    this.publish({
      type: 'control',
      command,
      source,
      message: outcome ? `${message}: ${outcome}` : message,
      ...(parameter !== undefined && { parameter }),
      ...(refused && { refused }),
    });
  }

  #refuse(request: ControlRequest, cause: unknown): void {
    this.#tell(request, `not done: ${cause instanceof Error ? cause.message : String(cause)}`, true);
  }

  /** Wait until everything attached has written what it has taken so far; the stream goes on. */
  async flush(): Promise<void> {
    // A sink that cannot flush fails its `closed`, and that is told.
    const flushed = [...this.#attachments].map(async ({ completed, sink }) => {
      if (!completed) await sink?.flush().catch(() => {});
    });
    await within(this.#options.closeTimeoutMs ?? 10_000, Promise.all(flushed));
  }

  /** End the stream, and wait until everything attached has ended and flushed. Gives every `sink-error` of the run. */
  close(): Promise<readonly SinkErrorEvent[]> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<readonly SinkErrorEvent[]> {
    const timeoutMs = this.#options.closeTimeoutMs ?? 10_000;
    if (this.#acting.size > 0) await within(timeoutMs, Promise.all(this.#acting));
    this.#subject.complete();
    await Promise.all(
      [...this.#attachments].map(async (attachment) => {
        const ended = await within(timeoutMs, attachment.ended());
        if (ended) return;
        this.#fail(
          attachment.name,
          new Error(`it did not end within ${timeoutMs} ms of close(); it was left as it is`),
        );
        attachment.subscription?.unsubscribe();
      }),
    );
    return this.#sinkErrors;
  }

  readonly #fail = (sink: string, cause: unknown): void => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const event: SinkErrorEvent = {
      type: 'sink-error',
      run: this.run,
      step: this.step,
      epoch: this.epoch,
      time: this.#clock(),
      sink,
      message: `${sink} failed and was detached: ${reason}`,
      cause,
    };
    this.#sinkErrors.push(event);
    this.publish(event);
    try {
      (this.#options.onSinkError ?? sayOnStandardError)(event);
    } catch (thrown) {
      // It is called where others' errors end: what it throws itself would reach nobody, and end the process.
      sayOnStandardError(event);
      console.error('trainscope: onSinkError failed:', thrown);
    }
  };
}

/** One thing attached: it has ended when its stream has, and its sink has written everything. */
class Attachment {
  subscription: Subscription | undefined;
  completed = false;
  readonly #streamEnded: Promise<void>;
  end: () => void = () => {};

  constructor(
    readonly name: string,
    readonly sink: Pick<Sink<unknown>, 'flush' | 'closed'> | undefined,
  ) {
    this.#streamEnded = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  async ended(): Promise<void> {
    await this.#streamEnded;
    // A sink that was unsubscribed by hand has not been told of an end: it is only asked to flush.
    await (this.completed ? this.sink?.closed : this.sink?.flush())?.catch(() => {});
  }
}

function carriesLiveHandle({ type }: TrainingEvent): boolean {
  return type === 'pre-optimizer-step' || type === 'optimizer-step';
}

function isSink<T>(target: Partial<Observer<T>>): target is Sink<T> {
  return 'flush' in target && 'closed' in target;
}

function sayOnStandardError(event: SinkErrorEvent): void {
  console.error(`trainscope: ${event.message}`);
}

function swallow(act: () => void): void {
  try {
    act();
  } catch {
    // It has failed already, and that has been said.
  }
}
