import { checkFunction, type Sink } from '../events/index.js';
import { Deferred } from './deferred.js';

/** What a sink does; it may throw, synchronously or by a promise. */
export interface SinkWork<T> {
  /** Do what there is to do with a value; the loop waits for it. */
  take(value: T): void;
  /** Have everything taken so far where it belongs. Default: nothing is waiting. */
  flush?(): void | Promise<void>;
  /** The stream has ended, or something failed: write what is left and let go of everything. Called once. */
  end?(): void | Promise<void>;
}

/**
 * A sink of `work`, with the life that all sinks share: what `work` throws rejects `closed` and never reaches the loop,
 * and nothing is taken after the end or a failure. A stream that fails is written to its last value; then `closed`
 * rejects with the stream's error. Nobody has to listen to `closed`.
 *
 * @throws TypeError when a part of `work` is no function.
 *
 * @example
 * ```ts
 * import { createSink, observe } from 'trainscope';
 *
 * const seen: string[] = [];
 * const sink = createSink<{ readonly type: string }>('typesSink()', {
 *   take: ({ type }) => void seen.push(type),
 *   end: () => console.log(seen.join(' ')),
 * });
 * const run = observe({ weight: Float32Array.of(1) });
 * run.attach(run.events$, sink);
 * await run.close();
 * ```
 */
export function createSink<T>(name: string, work: SinkWork<T>): Sink<T> {
  checkWork(work);
  let open = true;
  const ended = new Deferred();

  const end = async (failure?: { readonly cause: unknown }): Promise<void> => {
    if (!open) return;
    open = false;
    try {
      await work.end?.();
    } catch (cause) {
      failure ??= { cause };
    }
    if (failure) ended.reject(failure.cause);
    else ended.resolve();
  };

  return {
    name,
    closed: ended.promise,
    next(value) {
      if (!open) return;
      try {
        const taken: unknown = work.take(value);
        if (taken instanceof Promise) taken.catch((cause) => end({ cause }));
      } catch (cause) {
        void end({ cause });
      }
    },
    error: (cause) => void end({ cause }),
    complete: () => void end(),
    close() {
      void end();
      return ended.promise;
    },
    async flush() {
      if (!open) return ended.promise;
      try {
        await work.flush?.();
      } catch (cause) {
        await end({ cause });
        throw cause;
      }
    },
  };
}

/** @throws TypeError for a part that is no function. What else the object has is its own. */
function checkWork<T>(work: SinkWork<T>): void {
  const { take, flush, end } = (work ?? {}) as Partial<SinkWork<T>>;
  checkFunction('take', take, 'function of each value');
  if (flush !== undefined) checkFunction('flush', flush, 'function');
  if (end !== undefined) checkFunction('end', end, 'function');
}
