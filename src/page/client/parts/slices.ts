/** What can be done in pieces: it yields wherever something else may have its turn, and `PAUSE` or `TURN` where it has to. */
export type Work = Generator<typeof PAUSE | typeof TURN | undefined, void>;

/** After what the browser does more for when the task is over than a clock here sees, as for a long line on a canvas. */
export const PAUSE = 'pause';

/**
 * After what the browser does more for when the task is over, as for a canvas that was drawn on: one such thing a task, and
 * a frame where the page is someone else's. Other work may have its turn, too.
 */
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

/** A frame is waited for no longer than this: the browser makes none of what is out of sight. */
const FRAME_MS = 100;

/**
 * Does work on the main thread, one after another, never much longer than `sliceMs` at a stretch: then the page has its
 * turn, `restShare` times as long as the slice took. `Infinity` does all of a work at once.
 */
export class Slices implements Usage {
  busyMs = 0;
  longestMs = 0;
  /** Those who wait for the work: it does not rest then, but for others' turns. */
  readonly #waiting = new Set<symbol>();
  #last: Promise<void> = Promise.resolve();
  readonly #tasks: Tasks;

  constructor(
    private readonly sliceMs: number,
    private readonly signal: AbortSignal,
    private readonly restShare = REST,
  ) {
    this.#tasks = new Tasks(signal);
  }

  /** Someone waits for the work, until they call what this gives. */
  hurry(): () => void {
    const who = Symbol();
    this.#waiting.add(who);
    return () => this.#waiting.delete(who);
  }

  /** Resolves when the work is done, or will never be as the page has gone. What it throws rejects. */
  async run(work: Work): Promise<void> {
    let isDone = false;
    while (!isDone) {
      const part = this.#last.then(() => this.#do(work));
      // In someone else's page another work begins in a task of its own, not in what is left of this one.
      const next = () => (this.restShare > 0 ? this.rest(0) : undefined);
      this.#last = part.then(next, next);
      isDone = await part;
      if (!isDone) await this.#turn();
    }
  }

  /** Whether it is done, or others have a turn before it goes on. */
  async #do(work: Work): Promise<boolean> {
    while (!this.signal.aborted) {
      const begin = performance.now();
      let piece: ReturnType<Work['next']>;
      let now: number;
      do {
        piece = work.next();
        now = performance.now();
      } while (!piece.done && piece.value === undefined && now - begin < this.sliceMs);
      this.busyMs += now - begin;
      this.longestMs = Math.max(this.longestMs, now - begin);
      if (piece.done || piece.value === TURN) return piece.done === true;
      await this.rest(this.restShare * (now - begin));
    }
    return true;
  }

  /** The next frame has nothing to do but what was done up to here, and nothing is left to be laid out after it. */
  #turn(): Promise<void> {
    if (this.restShare === 0) return this.rest(0);
    return this.#until((end) => {
      const timer = setTimeout(end, FRAME_MS);
      const frame = requestAnimationFrame(() => this.#tasks.add(end));
      return () => {
        clearTimeout(timer);
        cancelAnimationFrame(frame);
      };
    });
  }

  /**
   * Leave the thread to others, for so long where someone looks and nobody waits: a hidden document's timers are slow.
   * Ends at once when the page goes.
   */
  rest(ms: number): Promise<void> {
    return this.#until((end) => {
      if (ms === 0) return this.#tasks.add(end);
      const timer = setTimeout(end, ms);
      return () => clearTimeout(timer);
    });
  }

  /** Until what `begin` begins ends, which it gives how to cancel; as soon as may be where nobody looks, or someone waits. */
  #until(begin: (end: () => void) => () => void): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this;
      let cancel = () => {};
      const end = () => {
        signal.removeEventListener('abort', end);
        cancel();
        resolve();
      };
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
      else if (document.hidden || this.#waiting.size > 0) cancel = this.#tasks.add(end);
      else cancel = begin(end);
    });
  }
}

/**
 * Calls back in tasks, each of its own, as soon as may be. One channel for all: a browser takes long to make one, so that
 * this has a task of its own, too.
 */
class Tasks {
  #channel: MessageChannel | undefined;
  #opening: ReturnType<typeof setTimeout> | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(private readonly signal: AbortSignal) {}

  /** How to cancel it. */
  add(task: () => void): () => void {
    this.#waiting.add(task);
    if (this.#channel) this.#channel.port2.postMessage(undefined);
    else this.#opening ??= setTimeout(() => this.#open());
    return () => this.#waiting.delete(task);
  }

  #open(): void {
    if (this.signal.aborted) return;
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      const [next] = this.#waiting;
      if (!next) return;
      this.#waiting.delete(next);
      next();
    };
    this.signal.addEventListener('abort', () => channel.port1.close());
    this.#channel = channel;
    for (const _ of this.#waiting) channel.port2.postMessage(undefined);
  }
}
