import type { Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { expect } from 'vitest';

/** Run marbles in virtual time; frames are compared with vitest, so that a difference is readable. */
export function marbles(body: Parameters<TestScheduler['run']>[0]): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(body);
}

/** Everything a stream gives, as far as it comes at once. */
export function collect<T>(stream$: Observable<T>): { values: T[]; error: unknown; completed: boolean } {
  const result: { values: T[]; error: unknown; completed: boolean } = {
    values: [],
    error: undefined,
    completed: false,
  };
  stream$.subscribe({
    next: (value) => result.values.push(value),
    error: (cause) => {
      result.error = cause;
    },
    complete: () => {
      result.completed = true;
    },
  });
  return result;
}
