import { config, type Observer, Subject, Subscriber } from 'rxjs';
import { onBehalfOf, type TimeLedger } from '../events/index.js';
import { Underway } from './underway.js';

/** Told what a subscriber, an operator or a sink has failed with. */
export type FailureHandler = (cause: unknown) => void;

/**
 * A subscriber whose observer cannot break its source: what `observer` throws, a promise of its own that is rejected, an
 * error of the stream that it does not handle, and what the stream's own clean-up throws go to `onFailure`. After a
 * failure it is unsubscribed. Its time is that of `name`, also where nothing is delivered just now, if it has a ledger.
 */
export class GuardedSubscriber<T> extends Subscriber<T> {
  readonly #observer: Partial<Observer<T>>;
  readonly #onFailure: FailureHandler;
  readonly #name: string;
  readonly #ledger: TimeLedger | undefined;
  readonly #underway = new Underway();
  #failed = false;

  constructor(observer: Partial<Observer<T>>, onFailure: FailureHandler, name: string, ledger?: TimeLedger) {
    super();
    this.#observer = observer;
    this.#onFailure = onFailure;
    this.#name = name;
    this.#ledger = ledger;
  }

  /** Resolves when what an async observer has begun is done. */
  settled(): Promise<void> {
    return this.#underway.settled();
  }

  override unsubscribe(): void {
    try {
      super.unsubscribe();
    } catch (cause) {
      this.#onFailure(cause);
    }
  }

  protected override _next(value: T): void {
    this.#tell(() => this.#observer.next?.(value));
  }

  protected override _error(cause: unknown): void {
    if (this.#observer.error) this.#tell(() => this.#observer.error?.(cause));
    else this.#onFailure(cause);
    this.unsubscribe();
  }

  protected override _complete(): void {
    this.#tell(() => this.#observer.complete?.());
    this.unsubscribe();
  }

  #tell(call: () => unknown): void {
    try {
      const result = onBehalfOf(this.#name, call, this.#ledger);
      if (isPromiseLike(result)) this.#underway.add(Promise.resolve(result).catch((cause) => this.#fail(cause)));
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** Once: calls of an async observer that were begun before may fail too. */
  #fail(cause: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.unsubscribe();
    this.#onFailure(cause);
  }
}

export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** Runs what it is given within rxjs, so that errors which rxjs would throw later are known when it returns. */
const insideRxjs = new Subject<() => void>();
insideRxjs.subscribe((work) => work());

/**
 * Deliver something to a subscriber. What fails anywhere behind it, at once, goes to `onFailure`: also in streams that
 * are made by `new Observable()`, `defer` or `groupBy`, whose errors rxjs throws out of band, which ends a process.
 *
 * rxjs has a mode in which it throws such errors where they happen; it is on for the time of the delivery only.
 */
export function deliverGuarded(deliver: () => void, onFailure: FailureHandler): void {
  const before = config.useDeprecatedSynchronousErrorHandling;
  config.useDeprecatedSynchronousErrorHandling = true;
  try {
    insideRxjs.next(deliver);
  } catch (cause) {
    onFailure(cause);
  } finally {
    config.useDeprecatedSynchronousErrorHandling = before;
  }
}
