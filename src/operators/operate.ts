import type { Observable, OperatorFunction, Subscriber, TeardownLogic } from 'rxjs';

/**
 * Make an operator of what it does with each subscription. The result is lifted from the source, as rxjs's own
 * operators are, so that a supervised source gives a supervised result.
 */
export function operate<T, R>(
  connect: (source: Observable<T>, subscriber: Subscriber<R>) => TeardownLogic,
): OperatorFunction<T, R> {
  return (source) => {
    const lifted = (source as Liftable<T>).lift<R>();
    lifted.operator = {
      call(subscriber: Subscriber<R>) {
        try {
          return connect(source, subscriber);
        } catch (cause) {
          subscriber.error(cause);
        }
      },
    };
    return lifted;
  };
}

interface Liftable<T> {
  lift<R>(): Observable<R> & { operator: unknown; source: Observable<T> };
}
