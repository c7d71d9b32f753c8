import { isPromiseLike } from './guard.js';

/**
 * Make a call of somebody else's and give what it gives, unchanged: its value, its very promise, its exception. Told
 * when it is done, or when its promise is.
 */
export function through<T>(call: () => T, done: () => void, failed: (cause: unknown) => void): T {
  let result: T;
  try {
    result = call();
  } catch (cause) {
    failed(cause);
    throw cause;
  }
  if (isPromiseLike(result)) result.then(done, failed);
  else done();
  return result;
}
