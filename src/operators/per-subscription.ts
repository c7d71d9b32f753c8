import type { OperatorFunction } from 'rxjs';
import { operate } from './operate.js';

/**
 * An operator that is made anew for each subscription, so that its state lives and dies with it. As `defer`, but lifted:
 * a supervised source stays supervised.
 *
 * @example
 * ```ts
 * import { from, map } from 'rxjs';
 * import { perSubscription } from 'trainscope';
 *
 * // Numbers the values of a stream, from 1 for each of its subscribers.
 * const numbered = perSubscription<string, string>(() => {
 *   let count = 0;
 *   return map((value) => `${++count} ${value}`);
 * });
 * from(['a', 'b']).pipe(numbered).subscribe(console.log); // 1 a, 2 b
 * ```
 */
export function perSubscription<T, R>(make: () => OperatorFunction<T, R>): OperatorFunction<T, R> {
  return operate((source, subscriber) => source.pipe(make()).subscribe(subscriber));
}
