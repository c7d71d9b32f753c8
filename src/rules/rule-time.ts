import type { MonoTypeOperatorFunction } from 'rxjs';
import { onBehalfOf } from '../events/index.js';
import { LinkedSubscriber, operate } from '../operators/index.js';

let inSet = false;

/** Do something for a rule, whose time it is; within a set of rules, the set's. */
export function asRule<T>(name: string, work: () => T): T {
  return inSet ? work() : onBehalfOf(name, work);
}

/** What follows is a set of rules: they are many, and their time is looked at as that of one. */
export function ruleSet<T>(name: string): MonoTypeOperatorFunction<T> {
  return operate((source, subscriber) => {
    const pass = (value: T) => {
      const before = inSet;
      inSet = true;
      try {
        onBehalfOf(name, () => subscriber.next(value));
      } finally {
        inSet = before;
      }
    };
    return source.subscribe(new LinkedSubscriber<T, T>(subscriber, pass));
  });
}
