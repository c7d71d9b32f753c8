import { type Observable, type OperatorFunction, Subject } from 'rxjs';
import { LinkedSubscriber } from './linked-subscriber.js';
import { operate } from './operate.js';

/**
 * Subscribe once to the source, and let `select` make one stream of many that follow it. As rxjs's `connect`, which goes
 * on with a source that emits at once after its subscriber has left.
 */
export function connected<T, R>(select: (shared$: Observable<T>) => Observable<R>): OperatorFunction<T, R> {
  return operate((source, subscriber) => {
    const shared = new Subject<T>();
    select(shared.asObservable()).subscribe(subscriber);
    const feed = new LinkedSubscriber<T, R>(
      subscriber,
      (value) => shared.next(value),
      () => shared.complete(),
    );
    return source.subscribe(feed);
  });
}
