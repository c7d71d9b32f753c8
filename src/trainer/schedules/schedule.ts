/** A schedule: what the initial learning rate is multiplied with at an update, the first being 0. */
export type Schedule = (step: number) => number;

/** How long a schedule runs. */
export interface ScheduleSpan {
  /** Updates in which the rate rises from 0 to its initial value. */
  readonly warmupSteps: number;
  /** Updates of the whole run. */
  readonly trainingSteps: number;
}

/** The factor while the rate rises, or undefined once it has risen. */
export function warmup(step: number, warmupSteps: number): number | undefined {
  return step < warmupSteps ? step / Math.max(1, warmupSteps) : undefined;
}

/** How much of the run after the warm-up is done: 0 at its begin, 1 at the end. */
export function progress(step: number, { warmupSteps, trainingSteps }: ScheduleSpan): number {
  return (step - warmupSteps) / Math.max(1, trainingSteps - warmupSteps);
}

/** A cosine wave from 1 down to 0 after half a cycle. */
export function cosineWave(cycles: number): number {
  return 0.5 * (1 + Math.cos(2 * Math.PI * cycles));
}

/** `factor` of 0…1, mapped on `least`…1. */
export function atLeast(least: number, factor: number): number {
  return Math.max(0, factor * (1 - least) + least);
}
