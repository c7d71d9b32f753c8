import { Observable, type Observer, type Operator, Subscriber, type Subscription, type TeardownLogic } from 'rxjs';

/** Told of every subscriber, operator or sink that failed. */
export type FailureHandler = (name: string, cause: unknown) => void;

/**
 * An observable whose subscribers cannot break the process: one that throws, or that leaves an error of the pipeline
 * unhandled, is reported and unsubscribed, and the others go on. rxjs by itself rethrows such errors out of band.
 *
 * Whatever is piped from it is supervised too, because operators build their result with `lift`. Streams that rxjs
 * itself creates from several (`merge(a$, b$)`) are not: give those to `attach`.
 */
export class SupervisedObservable<T> extends Observable<T> {
  constructor(
    private readonly onFailure: FailureHandler,
    subscribe?: (this: Observable<T>, subscriber: Subscriber<T>) => TeardownLogic,
  ) {
    super(subscribe);
  }

  /** @internal rxjs operators call this to make the observable they return. */
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new SupervisedObservable<R>(this.onFailure);
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
    return subscribeGuarded<T>(
      (guarded) => super.subscribe(guarded),
      observer,
      (cause) => this.onFailure('subscriber', cause),
    );
  }
}

/** Subscribe `observer` so that what it throws goes to `onFailure` and ends its subscription. */
export function subscribeGuarded<T>(
  subscribe: (guarded: Observer<T>) => Subscription,
  observer: Partial<Observer<T>>,
  onFailure: (cause: unknown) => void,
): Subscription {
  let subscription: Subscription | undefined;
  let failed = false;
  const guard = (deliver: () => void) => {
    if (failed) return;
    try {
      deliver();
    } catch (cause) {
      failed = true;
      subscription?.unsubscribe();
      onFailure(cause);
    }
  };
  subscription = subscribe({
    next: (value) => guard(() => observer.next?.(value)),
    error: (cause) =>
      guard(() => {
        if (!observer.error) throw cause;
        observer.error(cause);
      }),
    complete: () => guard(() => observer.complete?.()),
  });
  // It may have failed while subscribing, before there was anything to unsubscribe.
  if (failed) subscription.unsubscribe();
  return subscription;
}

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
