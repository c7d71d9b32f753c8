import type { Observer } from 'rxjs';

/**
 * An observer with a life: it takes a stream's values somewhere, and can be asked to have them there.
 *
 * A sink never throws into the loop that feeds it. Data errors reject `closed`; whoever attached the sink hears of it.
 */
export interface Sink<T> extends Observer<T> {
  /** Said in messages: `csvSink(parameter_updates.csv)`. */
  readonly name: string;
  /** Everything taken so far is where it belongs when this resolves. */
  flush(): Promise<void>;
  /** Resolves when the stream has ended and everything is written; rejects when that failed. */
  readonly closed: Promise<void>;
}
