import { LONGEST_TIMER_MS } from '../events/index.js';

/**
 * An alarm that is put off time and again: with one timeout, which looks when it is over whether it was put off, since to
 * set and clear one for each event costs more than most rules. It does not keep a process alive.
 */
export class LazyAlarm {
  #work: (() => void) | undefined;
  #dueAt = 0;
  #timeout: ReturnType<typeof setTimeout> | undefined;

  /** Do `work` in `delayMs` from now, and nothing else that was to be done; what it returns cancels that. */
  readonly set = (work: () => void, delayMs: number): (() => void) => {
    // Longer than a timeout can be.
    if (delayMs > LONGEST_TIMER_MS) return () => {};
    this.#work = work;
    this.#dueAt = performance.now() + delayMs;
    if (this.#timeout === undefined) this.#wait(delayMs);
    return () => {
      if (this.#work === work) this.#work = undefined;
    };
  };

  /** Let go of the timeout. */
  stop(): void {
    this.#work = undefined;
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  #wait(ms: number): void {
    const timeout: unknown = setTimeout(() => this.#ring(), ms);
    this.#timeout = timeout as ReturnType<typeof setTimeout>;
    // A browser's is a number.
    if (typeof timeout === 'object' && timeout !== null && 'unref' in timeout) (timeout as { unref(): void }).unref();
  }

  #ring(): void {
    this.#timeout = undefined;
    const work = this.#work;
    if (!work) return;
    const leftMs = this.#dueAt - performance.now();
    if (leftMs > 0) {
      this.#wait(leftMs);
      return;
    }
    this.#work = undefined;
    work();
  }
}
