import { type OperatorFunction, Subscriber } from 'rxjs';
import type { MaybePromise } from '../parameters/index.js';
import { operate } from './operate.js';

/**
 * Give values in the order in which they came: at once while nothing waits, and where one is a promise, it and those
 * behind it when it is there. A promise that fails is an error of the stream.
 *
 * ```text
 * lists     -a-b-P-c-|          P a promise, which is there after the end
 * inOrder()
 *           -a-b--------(pc|)
 * ```
 *
 * It is `concatMap` without an inner subscription for each list, which would be 1 % of a small model's step.
 */
export function inOrder<T>(): OperatorFunction<readonly MaybePromise<T>[], T> {
  return operate((source, subscriber) => source.subscribe(new InOrder(subscriber)));
}

/** Takes lists, and gives their values to `to` in order. */
export class InOrder<T> extends Subscriber<readonly MaybePromise<T>[]> {
  readonly #to: Subscriber<T>;
  #waiting = 0;
  #last = Promise.resolve();

  constructor(to: Subscriber<T>) {
    super(to);
    this.#to = to;
  }

  protected override _next(values: readonly MaybePromise<T>[]): void {
    for (const value of values) {
      if (this.#waiting === 0 && !(value instanceof Promise)) this.#to.next(value);
      else this.#giveLater(value);
    }
  }

  protected override _complete(): void {
    if (this.#waiting === 0) this.#to.complete();
    else this.#afterTheLast(() => this.#to.complete());
  }

  #giveLater(value: MaybePromise<T>): void {
    // It may fail while others are before it, or when no one is left to hear of it: that must not end the process.
    if (value instanceof Promise) value.catch(() => {});
    this.#afterTheLast(async () => this.#to.next(await value));
  }

  #afterTheLast(give: () => void | Promise<void>): void {
    this.#waiting++;
    this.#last = this.#last.then(give).then(
      () => {
        this.#waiting--;
      },
      (cause) => this.#to.error(cause),
    );
  }
}
