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
  /** Whose part of that is how much, 0…1, the greatest first; there where the source knows it of every step. */
  readonly observingBy?: Readonly<Record<string, number>>;
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
      ...(this.#steps.every(({ observingBy }) => isRecord(observingBy)) && {
        observingBy: this.#sharesOf(inStepsMs),
      }),
    };
  }

  #sharesOf(inStepsMs: number): Readonly<Record<string, number>> {
    const spent = new Map<string, number>();
    for (const { observingBy = {} } of this.#steps) {
      for (const [name, ms] of Object.entries(observingBy)) {
        // Of another program it may be anything.
        if (typeof ms === 'number') spent.set(name, (spent.get(name) ?? 0) + ms);
      }
    }
    const shares = [...spent].map(([name, ms]): [string, number] => [name, inStepsMs === 0 ? 0 : ms / inStepsMs]);
    return Object.fromEntries(shares.sort(([, a], [, b]) => b - a));
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
