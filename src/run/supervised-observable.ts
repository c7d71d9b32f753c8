import { Observable, type Observer, type Operator, Subscriber, type Subscription, type TeardownLogic } from 'rxjs';
import { type FailureHandler, GuardedSubscriber } from './guard.js';

/**
 * An observable whose subscribers cannot break the process: one that throws, or that leaves an error of the pipeline
 * unhandled, is reported and unsubscribed, and the others go on. rxjs by itself rethrows such errors out of band.
 *
 * Whatever is piped from it is supervised too, because operators build their result with `lift`. Streams that rxjs
 * itself creates from several (`merge(a$, b$)`) are not: give those to `attach`, or to `supervise`.
 */
export class SupervisedObservable<T> extends Observable<T> {
  readonly #onFailure: FailureHandler;

  constructor(
    onFailure: FailureHandler,
    subscribe?: (this: Observable<T>, subscriber: Subscriber<T>) => TeardownLogic,
  ) {
    super(subscribe);
    this.#onFailure = onFailure;
  }

  /** @internal rxjs operators call this to make the observable they return. */
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new SupervisedObservable<R>(this.#onFailure);
    lifted.source = this;
    lifted.operator = operator;
    return lifted;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (observerOrNext instanceof Subscriber) return super.subscribe(observerOrNext);
    const observer = isObserver(observerOrNext) ? observerOrNext : partialObserver(observerOrNext, error, complete);
    return super.subscribe(new GuardedSubscriber(observer, this.#onFailure, UNNAMED));
  }
}

/** The name that a subscriber has in a `sink-error`, and whose its time is. */
const UNNAMED = 'subscriber';

function isObserver<T>(
  value: Partial<Observer<T>> | ((value: T) => void) | null | undefined,
): value is Partial<Observer<T>> {
  return typeof value === 'object' && value !== null;
}

function partialObserver<T>(
  next?: ((value: T) => void) | null,
  error?: ((error: unknown) => void) | null,
  complete?: (() => void) | null,
): Partial<Observer<T>> {
  return { ...(next && { next }), ...(error && { error }), ...(complete && { complete }) };
}
