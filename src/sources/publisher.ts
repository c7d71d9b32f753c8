import { type Observable, type Observer, Subject, type Subscription } from 'rxjs';
import type { EventContext, SinkErrorEvent, TrainingEvent } from '../events/events.js';
import type { Sink } from '../events/sink.js';
import { SupervisedObservable, subscribeGuarded } from '../events/supervised-observable.js';

export interface PublisherOptions {
  /** The name of the run, on every event. Default: `run`. */
  readonly run?: string;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** Told of each `sink-error` as it happens. Default: one line on standard error. */
  readonly onSinkError?: (event: SinkErrorEvent) => void;
  /** How long `close()` waits for a stream or a sink that does not end. Default: 10,000 ms. */
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
  #depth = 0;
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

  /** Deliver an event to everyone who listens. */
  publish(event: PublishedEvent): void {
    const { step, epoch } = this;
    const stamped = { run: this.run, step, epoch, time: this.#clock(), ...event } as TrainingEvent;
    const begin = performance.now();
    this.#depth++;
    try {
      this.#subject.next(stamped);
    } finally {
      // An event published while another is delivered is within the time of that one.
      if (--this.#depth === 0) this.#observingMs += performance.now() - begin;
    }
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
   *
   * @example
   * ```ts
   * import * as tf from '@tensorflow/tfjs';
   * import { consoleSink, instrument, parameterUpdates } from 'trainscope';
   *
   * const training = instrument(tf.train.sgd(0.1));
   * training.attach(training.events$.pipe(parameterUpdates()), consoleSink());
   * ```
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

  /** End the stream, and wait until everything attached has ended and flushed. Gives every `sink-error` of the run. */
  close(): Promise<readonly SinkErrorEvent[]> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<readonly SinkErrorEvent[]> {
    this.#subject.complete();
    const timeoutMs = this.#options.closeTimeoutMs ?? 10_000;
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
    (this.#options.onSinkError ?? sayOnStandardError)(event);
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

async function within(timeoutMs: number, ended: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([ended.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
