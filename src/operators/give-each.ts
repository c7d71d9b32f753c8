import type { OperatorFunction } from 'rxjs';
import { LinkedSubscriber } from './linked-subscriber.js';
import { operate } from './operate.js';

/**
 * Give each of what is made of a value, at once. It is `mergeMap` of lists without an inner subscription for each, which
 * is most of the cost of a rule that finds nothing.
 */
export function giveEach<T, R>(make: (value: T) => Iterable<R>): OperatorFunction<T, R> {
  return operate((source, subscriber) => {
    const give = (value: T) => {
      for (const each of make(value)) subscriber.next(each);
    };
    return source.subscribe(new LinkedSubscriber<T, R>(subscriber, give));
  });
}
