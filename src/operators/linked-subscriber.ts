import { type Observer, Subscriber } from 'rxjs';

/**
 * What an operator subscribes to its source with. It ends when the subscriber that it works for does, also in the middle
 * of a source that emits at once: an observer given to `subscribe` would only hear of that when `subscribe` returns, and
 * a source that never ends by itself never returns.
 *
 * What the observer leaves out is passed on; what it throws is an error of the stream.
 */
export class LinkedSubscriber<T, R> extends Subscriber<T> {
  readonly #to: Observer<R>;
  readonly #next: (value: T) => void;
  readonly #complete: () => void;

  constructor(to: Subscriber<R>, next: (value: T) => void, complete: () => void = () => to.complete()) {
    super(to);
    this.#to = to;
    this.#next = next;
    this.#complete = complete;
  }

  protected override _next(value: T): void {
    try {
      this.#next(value);
    } catch (cause) {
      this.#to.error(cause);
    }
  }

  protected override _complete(): void {
    try {
      this.#complete();
    } catch (cause) {
      this.#to.error(cause);
    }
  }
}
