import type { Observable, Subscription } from 'rxjs';

/** What a stream has given since it was subscribed to. It goes on as the stream does. */
export interface StreamRecord<T> {
  /** What the stream has given so far, the first value first. */
  readonly values: readonly T[];
  /** What the stream failed with; undefined while it has not. */
  readonly error: unknown;
  /** Whether it has completed. */
  readonly completed: boolean;
  /** The one subscription that fills this record: unsubscribe to end it. */
  readonly subscription: Subscription;
}

/**
 * Subscribe to a stream and keep everything that comes: the values, and how it ended.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { parameterUpdates } from 'trainscope';
 * import { recordStream, scriptedRun } from 'trainscope/testing';
 *
 * const { values, completed } = recordStream(from(scriptedRun(3)).pipe(parameterUpdates()));
 * console.log(values.length, completed); // 3 true
 * ```
 */
export function recordStream<T>(stream$: Observable<T>): StreamRecord<T> {
  const values: T[] = [];
  let error: unknown;
  let completed = false;
  const subscription = stream$.subscribe({
    next: (value) => values.push(value),
    error: (cause) => {
      error = cause;
    },
    complete: () => {
      completed = true;
    },
  });
  return {
    values,
    get error() {
      return error;
    },
    get completed() {
      return completed;
    },
    subscription,
  };
}
