import type { OperatorFunction } from 'rxjs';
import { operate } from './operate.js';

/**
 * An operator that is made anew for each subscription, so that its state lives and dies with it. As `defer`, but lifted:
 * a supervised source stays supervised.
 */
export function perSubscription<T, R>(make: () => OperatorFunction<T, R>): OperatorFunction<T, R> {
  return operate((source, subscriber) => source.pipe(make()).subscribe(subscriber));
}
