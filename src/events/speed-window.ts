import type { StepEndEvent } from './events.js';

/** How fast a loop goes. */
export interface Speed {
  /** Optimizer updates a second, from the beginning of the first step of the window to the end of the last. */
  readonly stepsPerSecond: number;
  /** NaN where the source does not know how many examples a step has. */
  readonly examplesPerSecond: number;
  /** There where the source counts the tokens of every step. */
  readonly tokensPerSecond?: number;
  /** The part of the steps' time that operators, sinks and subscribers took, 0…1. */
  readonly observingShare: number;
}

/**
 * The speed over the last steps, by the events' own times: from the beginning of the first to the end of the last, and at
 * least the sum of their durations, since times are in whole milliseconds.
 */
export class SpeedWindow {
  #steps: StepEndEvent[] = [];

  /** `size` says over how many of the last steps. */
  constructor(private readonly size: number) {}

  /** Forget the steps so far. */
  restart(): void {
    this.#steps = [];
  }

  take(last: StepEndEvent): Speed {
    this.#steps.push(last);
    if (this.#steps.length > this.size) this.#steps.shift();
    const first = this.#steps[0]!;
    const sum = (pick: (step: StepEndEvent) => number) => this.#steps.reduce((total, step) => total + pick(step), 0);
    const inStepsMs = sum(({ durationMs }) => durationMs);
    const seconds = Math.max(last.time - first.time + first.durationMs, inStepsMs) / 1000;
    return {
      stepsPerSecond: this.#steps.length / seconds,
      examplesPerSecond: sum(({ examples }) => examples) / seconds,
      ...(this.#steps.every(({ tokens }) => tokens !== undefined) && {
        tokensPerSecond: sum(({ tokens = 0 }) => tokens) / seconds,
      }),
      observingShare: inStepsMs === 0 ? 0 : sum(({ observingMs }) => observingMs) / inStepsMs,
    };
  }
}
