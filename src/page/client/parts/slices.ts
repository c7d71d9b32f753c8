/** What can be done in pieces: it yields wherever something else may have its turn, and `TURN` where it has to. */
export type Work = Generator<typeof TURN | undefined, void>;

/** After what the browser does more for when the task is over, as for a canvas that was drawn on: one such thing a task. */
export const TURN = 'turn';

/** What has been taken of the main thread. */
export interface Usage {
  /** Milliseconds in all. */
  readonly busyMs: number;
  /** Of the longest time at a stretch. */
  readonly longestMs: number;
}

/** After a slice the page around has at least so many times as long for itself, while someone looks at it. */
const REST = 3;

/**
 * Does work on the main thread, one after another, never much longer than `sliceMs` at a stretch: then the page has its
 * turn, `restShare` times as long as the slice took. `Infinity` does all of a work at once.
 */
export class Slices implements Usage {
  busyMs = 0;
  longestMs = 0;
  /** Whether someone waits for the work: it then does not rest, but for others' turns. */
  hurry = false;
  #last: Promise<void> = Promise.resolve();

  constructor(
    private readonly sliceMs: number,
    private readonly signal: AbortSignal,
    private readonly restShare = REST,
  ) {}

  /** Resolves when the work is done, or will never be as the page has gone. What it throws rejects. */
  run(work: Work): Promise<void> {
    const done = this.#last.then(() => this.#do(work));
    this.#last = done.catch(() => {});
    return done;
  }

  async #do(work: Work): Promise<void> {
    while (!this.signal.aborted) {
      const begin = performance.now();
      let piece: IteratorResult<typeof TURN | undefined, void>;
      let now: number;
      do {
        piece = work.next();
        now = performance.now();
      } while (!piece.done && piece.value !== TURN && now - begin < this.sliceMs);
      this.busyMs += now - begin;
      this.longestMs = Math.max(this.longestMs, now - begin);
      if (piece.done) return;
      await this.rest(this.restShare * (now - begin));
    }
  }

  /**
   * Leave the thread to others, for so long where someone looks and nobody waits: a hidden document's timers are slow.
   * Ends at once when the page goes.
   */
  rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const end = () => {
        signal.removeEventListener('abort', end);
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
      else if (document.hidden || this.hurry || ms === 0) this.#after(end);
      else timer = setTimeout(end, ms);
    });
  }

  /** Call back in a task of its own, as soon as may be. */
  #after(then: () => void): void {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      then();
    };
    port2.postMessage(undefined);
  }
}
