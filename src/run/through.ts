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
  // A promise only: to call `then` of something lazy would make it begin, and a second time for its owner.
  if (result instanceof Promise) result.then(done, failed);
  else done();
  return result;
}
