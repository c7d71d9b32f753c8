import type { Observer } from 'rxjs';

/**
 * An observer with a life: it takes a stream's values somewhere, can be asked to have them there, and lets go of what it
 * holds (a file, a port, a timer) at its end.
 *
 * A sink never throws into the loop that feeds it. Data errors reject `closed`; whoever attached the sink hears of it.
 * {@link createSink} makes one of a function that takes a value.
 */
export interface Sink<T> extends Observer<T> {
  /** Take a value of the stream. It returns when the loop may go on, and never throws; what fails rejects `closed`. */
  next: (value: T) => void;
  /** The stream has failed with `cause`: what was taken is still written, then `closed` rejects with it. */
  error: (cause: unknown) => void;
  /** The stream has ended: what is left is written, then `closed` resolves. */
  complete: () => void;
  /** Said in messages: `csvSink(parameter_updates.csv)`. */
  readonly name: string;
  /** Everything taken so far is where it belongs when this resolves. */
  flush(): Promise<void>;
  /**
   * Write what is left and let go of everything; nothing is taken afterwards. The same as `complete()`, but for the
   * promise, which is `closed`. Calling it again does nothing. Whoever attached a sink calls it, however the stream ends.
   */
  close(): Promise<void>;
  /**
   * It outlives the streams that feed it, as a panel does that is looked at afterwards: whoever attached it flushes it when
   * they end, and leaves it to its maker to close it.
   */
  readonly staysOpen?: boolean;
  /** Resolves when the sink has ended and everything is written; rejects when that failed. */
  readonly closed: Promise<void>;
}
