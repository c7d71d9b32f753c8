import type { Slices, Work } from './slices.js';

/** Drawing what records bring takes at most one part in so many of the main thread's time. */
const SHARE = 10;

/** When to draw: with what records bring, by and by; what has come into sight, without a wait; what a person did, at once. */
export type When = 'later' | 'soon' | 'now';

export interface DrawingOptions {
  /** Draws everything. */
  readonly draw: () => Work;
  readonly slices: Slices;
  /** Milliseconds between two drawings of new records, at least. */
  readonly intervalMs: number;
  /** Told when all that was asked for is drawn, and when something else is asked for. */
  readonly onBusy: (busy: boolean) => void;
  /** Told of what drawing failed with; nothing is drawn afterwards. */
  readonly onError: (cause: unknown) => void;
  readonly signal: AbortSignal;
}

/** Draws when asked to: once a frame at most, and not while nobody can see it; that is drawn when it comes into view. */
export class Drawing {
  #visible = true;
  #asked = false;
  #drawing = false;
  #nextAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  /** Whether a person did something that is not drawn yet. */
  #isAwaited = false;
  /** Ends the hurry. */
  #drawn: (() => void) | undefined;

  constructor(
    element: Element,
    private readonly options: DrawingOptions,
  ) {
    const observer = new IntersectionObserver((entries) => {
      this.#visible = entries.at(-1)!.isIntersecting;
      if (this.#asked) this.#plan();
    });
    observer.observe(element);
    options.signal.addEventListener('abort', () => {
      observer.disconnect();
      this.#cancel();
    });
  }

  ask(when: When): void {
    if (when !== 'later') this.#nextAt = 0;
    else if (this.#asked) return;
    if (when === 'now') this.#isAwaited = true;
    if (when === 'now' && this.#drawing) this.#hurry();
    this.#asked = true;
    this.options.onBusy(true);
    this.#plan();
  }

  #plan(): void {
    if (!this.#visible) this.#rest();
    // A frame that is asked for draws all, whenever it comes.
    if (!this.#visible || this.#drawing || this.#frame !== 0 || this.options.signal.aborted) return;
    clearTimeout(this.#timer);
    const frame = () => {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        void this.#pass();
      });
    };
    const wait = this.#nextAt - performance.now();
    if (wait > 0) this.#timer = setTimeout(frame, wait);
    else frame();
  }

  #hurry(): void {
    this.#drawn ??= this.options.slices.hurry();
  }

  #rest(): void {
    this.#drawn?.();
    this.#drawn = undefined;
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
  }

  async #pass(): Promise<void> {
    const { draw, slices, intervalMs, onError, signal } = this.options;
    if (this.#isAwaited) this.#hurry();
    this.#isAwaited = false;
    this.#asked = false;
    this.#drawing = true;
    const before = slices.busyMs;
    // The frame has its own to do.
    await slices.rest(0);
    try {
      await slices.run(draw());
    } catch (cause) {
      this.#rest();
      onError(cause);
      return;
    }
    if (signal.aborted) return;
    this.#drawing = false;
    if (!this.#isAwaited) this.#rest();
    const rest = intervalMs > 0 ? Math.max(intervalMs, SHARE * (slices.busyMs - before)) : 0;
    this.#nextAt = performance.now() + rest;
    if (this.#asked) this.#plan();
    else this.options.onBusy(false);
  }
}
