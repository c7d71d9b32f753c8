import { isObservable, type Observable, type Observer, type Subscription } from 'rxjs';
import { checkOptions, describeValue, type Sink, within } from '../events/index.js';
import type { EventBus, Role } from './event-bus.js';
import { GuardedSubscriber, isPromiseLike } from './guard.js';

/** What follows a stream: a sink, an rxjs observer, or a function of each value. All may be async. */
export type Follower<T> = Sink<T> | Partial<Observer<T>> | ((value: T) => unknown);

/** Options of `run.attach()`: what the attached is called. */
export interface AttachOptions {
  /** Said in `sink-error` events. Default: the sink's own name. */
  readonly name?: string;
}

/** Something attached: its subscription, and the sink that it feeds, if it is one. */
interface Attachment {
  readonly name: string;
  /** With whom it ends. */
  readonly role: Role;
  /** Whether it gives the run something of a stream that the run does not end. */
  readonly isForeign: boolean;
  readonly sink: Sink<unknown> | undefined;
  readonly subscriber: GuardedSubscriber<unknown>;
  /** Resolves when the stream has ended and the sink, if nobody else feeds it, has written everything and let go. */
  readonly ended: Promise<void>;
}

/** How many attachments, of any run, feed a sink: it is closed by the last that ends. */
const feeding = new WeakMap<Sink<unknown>, number>();

/** Sinks that were closed when the last stream that fed them ended. */
const closed = new WeakSet<Sink<unknown>>();

/**
 * What follows the streams of a run, under supervision: a follower that fails is told of once and detached. One whose
 * stream has ended, or that was unsubscribed, is flushed, closed and forgotten.
 */
export class Attachments {
  readonly #attached = new Set<Attachment>();

  constructor(
    private readonly bus: EventBus,
    private readonly onFailure: (name: string, cause: unknown) => void,
  ) {}

  attach<T>(
    stream$: Observable<T>,
    follower: Follower<T>,
    options: AttachOptions = {},
    role: Role = 'look',
  ): Subscription {
    checkStream(stream$);
    checkFollower(follower);
    checkOptions('attach', options, { name: true });
    const sink = isSink(follower) ? (follower as Sink<unknown>) : undefined;
    const name = options.name ?? sink?.name ?? 'observer';
    const fail = this.#failOnce(name);
    const observer = sink ? { next: (value: unknown) => sink.next(value) } : observerOf(follower);
    const subscriber = new GuardedSubscriber<unknown>({ ...observer, error: fail }, fail, name, this.bus.ledger);
    if (sink) {
      if (closed.has(sink)) throw closedSink(sink);
      feeding.set(sink, (feeding.get(sink) ?? 0) + 1);
      sink.closed.catch((cause) => {
        fail(cause);
        subscriber.unsubscribe();
      });
    }
    const ended = endOf(subscriber, sink);
    const listens = this.bus.inRole(role, () => stream$.subscribe(subscriber));
    const isForeign = role !== 'look' && !listens;
    // What is shared with one who looks ends with that one.
    const attachment = { name, role: listens ? role : 'look', isForeign, sink, subscriber, ended } as const;
    this.#attached.add(attachment);
    void ended.finally(() => this.#attached.delete(attachment));
    return subscriber;
  }

  /** Wait until everything attached has written what it has taken so far; the streams go on. */
  async flush(timeoutMs: number): Promise<void> {
    // A sink that cannot flush fails its `closed`, and that is told.
    const flushed = [...this.#attached].map(({ sink }) => sink?.flush().catch(() => {}));
    await within(timeoutMs, Promise.all(flushed));
  }

  /** Leave alerts and requests of streams that the run does not end: a run that is over takes none. */
  leaveForeign(): void {
    for (const { isForeign, subscriber } of this.#attached) if (isForeign) subscriber.unsubscribe();
  }

  /** Wait until everything attached in a role has ended; what has not by then is told of and left. */
  async ended(role: Role, timeoutMs: number): Promise<void> {
    const waiting = [...this.#attached].filter((each) => each.role === role);
    await Promise.all(waiting.map((attachment) => this.#awaitEnd(attachment, timeoutMs)));
  }

  async #awaitEnd({ name, subscriber, ended }: Attachment, timeoutMs: number): Promise<void> {
    if (await within(timeoutMs, ended)) return;
    this.onFailure(name, new Error(`it did not end within ${timeoutMs} ms of close(); it was left as it is`));
    subscriber.unsubscribe();
  }

  #failOnce(name: string): (cause: unknown) => void {
    let failed = false;
    return (cause) => {
      if (failed) return;
      failed = true;
      this.onFailure(name, cause);
    };
  }
}

/** Resolves when a subscription has ended, however it did, and the sink behind it too. */
async function endOf(subscriber: GuardedSubscriber<unknown>, sink: Sink<unknown> | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    subscriber.add(() => {
      // At once, not when the promise is heard of: who unsubscribes expects the file to be closed.
      if (sink) release(sink);
      resolve();
    });
  });
  await subscriber.settled();
  if (sink && !sink.staysOpen && !feeding.has(sink)) await sink.closed.catch(() => {});
  else await sink?.flush().catch(() => {});
}

function release(sink: Sink<unknown>): void {
  const others = (feeding.get(sink) ?? 1) - 1;
  if (others > 0) {
    feeding.set(sink, others);
    return;
  }
  feeding.delete(sink);
  if (sink.staysOpen) return;
  closed.add(sink);
  // What it fails with rejects `closed`, which is heard.
  void Promise.resolve(sink.close()).catch(() => {});
}

function closedSink({ name }: Sink<unknown>): Error {
  return new Error(
    `observer: expected a sink that is open, got ${name}, which was closed when its stream ended; make another`,
  );
}

function observerOf<T>(follower: Follower<T>): Partial<Observer<unknown>> {
  if (typeof follower === 'function') return { next: (value) => follower(value as T) };
  const observer = follower as Partial<Observer<unknown>>;
  return {
    next: (value) => observer.next?.(value),
    complete: () => observer.complete?.(),
  };
}

function isSink<T>(follower: Follower<T>): follower is Sink<T> {
  return 'flush' in follower && 'close' in follower && 'closed' in follower;
}

/** @throws TypeError for what is no Observable. */
export function checkStream(stream$: unknown): void {
  if (isObservable(stream$)) return;
  const fix = isPromiseLike(stream$)
    ? 'await the promise first, or make a stream of it with from(promise)'
    : 'give training.events$, or what is piped from it';
  throw new TypeError(`stream$: expected an Observable, got ${describeValue(stream$)}; ${fix}`);
}

function checkFollower(follower: unknown): void {
  if (typeof follower === 'function') return;
  if (typeof follower === 'object' && follower !== null) {
    const known = ['next', 'error', 'complete'] as const;
    if (known.some((name) => typeof (follower as Record<string, unknown>)[name] === 'function')) return;
  }
  throw new TypeError(
    `observer: expected a sink, an observer or a function, got ${describeValue(follower)}; attach(stream$, consoleSink()), say`,
  );
}
