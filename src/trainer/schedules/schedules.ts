import { atLeast, cosineWave, progress, type Schedule, type ScheduleSpan, warmup } from './schedule.js';

// The ten schedules that depend on nothing but the step. Semantics: transformers 5.18, `optimization.py`.

/** Always the initial rate. */
export function constant(): Schedule {
  return () => 1;
}

/** Up, then the initial rate. */
export function constantWithWarmup({ warmupSteps }: Pick<ScheduleSpan, 'warmupSteps'>): Schedule {
  return (step) => warmup(step, warmupSteps) ?? 1;
}

/** Up, then straight down to 0. */
export function linear(span: ScheduleSpan): Schedule {
  return (step) => {
    const remaining = (span.trainingSteps - step) / Math.max(1, span.trainingSteps - span.warmupSteps);
    return warmup(step, span.warmupSteps) ?? Math.max(0, remaining);
  };
}

/** Up, then down a cosine: half a cycle ends at 0. */
export function cosine(span: ScheduleSpan, { numCycles = 0.5 }: { readonly numCycles?: number } = {}): Schedule {
  return cosineWithMinLr(span, { numCycles, minLrRate: 0 });
}

/** Up, then down a cosine that starts again at the top `numCycles` times. */
export function cosineWithRestarts(
  span: ScheduleSpan,
  { numCycles = 1 }: { readonly numCycles?: number } = {},
): Schedule {
  return (step) => {
    const done = progress(step, span);
    const falling = done >= 1 ? 0 : cosineWave(((numCycles * done) % 1) / 2);
    return warmup(step, span.warmupSteps) ?? falling;
  };
}

/** Up, then down a cosine to `minLrRate` of the initial rate. */
export function cosineWithMinLr(
  span: ScheduleSpan,
  { numCycles = 0.5, minLrRate }: { readonly numCycles?: number; readonly minLrRate: number },
): Schedule {
  return (step) => warmup(step, span.warmupSteps) ?? atLeast(minLrRate, cosineWave(numCycles * progress(step, span)));
}

/** As `cosineWithMinLr`, one step ahead: the warm-up starts above 0, or at `warmupLrRate`. */
export function cosineWarmupWithMinLr(
  span: ScheduleSpan,
  options: { readonly numCycles?: number; readonly minLrRate: number; readonly warmupLrRate?: number },
): Schedule {
  const { numCycles = 0.5, minLrRate, warmupLrRate } = options;
  const { warmupSteps } = span;
  return (step) => {
    if (step >= warmupSteps) return atLeast(minLrRate, cosineWave(numCycles * progress(step + 1, span)));
    if (warmupLrRate === undefined) return (step + 1) / Math.max(1, warmupSteps);
    return warmupLrRate + ((1 - warmupLrRate) * step) / Math.max(1, warmupSteps - 1);
  };
}

/** Up, then down a power of what remains, to `lrEnd`. */
export function polynomial(
  span: ScheduleSpan,
  learningRate: number,
  { lrEnd = 1e-7, power = 1 }: { readonly lrEnd?: number; readonly power?: number } = {},
): Schedule {
  if (!(learningRate > lrEnd)) {
    throw new RangeError(`lrEnd: expected less than the learning rate ${learningRate}, got ${lrEnd}`);
  }
  return (step) => {
    const rising = warmup(step, span.warmupSteps);
    if (rising !== undefined) return rising;
    if (step > span.trainingSteps) return lrEnd / learningRate;
    const remaining = 1 - progress(step, span);
    return ((learningRate - lrEnd) * remaining ** power + lrEnd) / learningRate;
  };
}

/** Up, then down with the square root of the step. `timescale` is `warmupSteps` by default, or 10,000 without any. */
export function inverseSqrt(
  { warmupSteps }: Pick<ScheduleSpan, 'warmupSteps'>,
  { timescale = warmupSteps || 10_000 }: { readonly timescale?: number } = {},
): Schedule {
  return (step) => warmup(step, warmupSteps) ?? 1 / Math.sqrt((step + timescale - warmupSteps) / timescale);
}

/** How a rate goes from one value to the other. */
export type RampShape = 'linear' | 'cosine' | '1-sqrt';

/** The parts of `warmupStableDecay`. */
export interface WarmupStableDecayOptions {
  /** Updates in which the rate falls, at the end. */
  readonly numDecaySteps: number;
  /** Default: what warm-up and decay leave of the run. */
  readonly numStableSteps?: number;
  /** Default: `linear`. */
  readonly warmupType?: RampShape;
  /** Default: `cosine`. */
  readonly decayType?: RampShape;
  /** The least rate, as a share of the initial one. Default: 0. */
  readonly minLrRatio?: number;
  /** Cosine cycles of the decay. Default: 0.5. */
  readonly numCycles?: number;
}

/** Up, level, and down: in shapes to choose. */
export function warmupStableDecay(span: ScheduleSpan, options: WarmupStableDecayOptions): Schedule {
  const { warmupSteps, trainingSteps } = span;
  const { numDecaySteps, warmupType = 'linear', decayType = 'cosine', minLrRatio = 0, numCycles = 0.5 } = options;
  const numStableSteps = options.numStableSteps ?? trainingSteps - warmupSteps - numDecaySteps;
  const decayBegin = warmupSteps + numStableSteps;
  return (step) => {
    if (step < warmupSteps) return atLeast(minLrRatio, rising(warmupType, step / Math.max(1, warmupSteps)));
    if (step < decayBegin) return 1;
    if (step >= decayBegin + numDecaySteps) return minLrRatio;
    return atLeast(minLrRatio, falling(decayType, (step - decayBegin) / Math.max(1, numDecaySteps), numCycles));
  };
}

function rising(shape: RampShape, done: number): number {
  switch (shape) {
    case 'linear':
      return done;
    case 'cosine':
      return 0.5 * (1 - Math.cos(Math.PI * done));
    case '1-sqrt':
      return 1 - Math.sqrt(1 - done);
  }
}

function falling(shape: RampShape, done: number, cycles: number): number {
  switch (shape) {
    case 'linear':
      return 1 - done;
    case 'cosine':
      return cosineWave(cycles * done);
    case '1-sqrt':
      return 1 - Math.sqrt(done);
  }
}
