import { IMPROVEMENT_OPTIONS } from '../../control/index.js';
import { checkNames, checkOneOf, checkOptions, describeValue, type OptionNames } from '../../events/index.js';
import { type GreedyOptions, greedy } from './greedy.js';
import type { MetricSchedule } from './metric-schedule.js';
import { type PlateauScheduleOptions, reduceOnPlateau } from './reduce-on-plateau.js';
import type { Schedule, ScheduleSpan } from './schedule.js';
import {
  constant,
  constantWithWarmup,
  cosine,
  cosineWarmupWithMinLr,
  cosineWithMinLr,
  cosineWithRestarts,
  inverseSqrt,
  linear,
  polynomial,
  type WarmupStableDecayOptions,
  warmupStableDecay,
} from './schedules.js';

/** What each schedule takes besides warm-up and length, by its Hugging Face name. */
export interface SchedulerOptions {
  /** Straight down to 0; it has no options. */
  linear: Record<never, never>;
  /** Down a cosine. */
  cosine: {
    /** Cycles after the warm-up. Default: 0.5, down once. */
    readonly numCycles?: number;
  };
  /** Down a cosine that begins again at the top. */
  cosine_with_restarts: {
    /** How often it goes down. Default: 1. */
    readonly numCycles?: number;
  };
  /** Down by a power of what remains of the run. */
  polynomial: {
    /** The rate at the end, which is less than the initial one. Default: 1e-7. */
    readonly lrEnd?: number;
    /** The exponent: 1 is straight down, 2 falls fast at first. Default: 1. */
    readonly power?: number;
  };
  /** The initial rate, without warm-up; it has no options. */
  constant: Record<never, never>;
  /** The initial rate after the warm-up; it has no options. */
  constant_with_warmup: Record<never, never>;
  /** Down with the square root of the step, without an end. */
  inverse_sqrt: {
    /** Updates after the warm-up in which the rate falls to 0.71 of itself. Default: `warmupSteps`, or 10,000 without any. */
    readonly timescale?: number;
  };
  /** Down by a factor when a metric no longer improves. */
  reduce_lr_on_plateau: PlateauScheduleOptions;
  /** Down a cosine to a rate above 0. */
  cosine_with_min_lr: MinLrOptions;
  /** As `cosine_with_min_lr`, one step ahead, so that the first update has a rate above 0. */
  cosine_warmup_with_min_lr: MinLrOptions & {
    /** The rate of the first update, as a share of the initial one. Default: that of a warm-up that begins one step later. */
    readonly warmupLrRate?: number;
  };
  /** Up, level, then down. */
  warmup_stable_decay: WarmupStableDecayOptions;
  /** Up while a metric improves, down while it does not. */
  greedy: GreedyOptions;
}

/** The floor of a cosine: one of `minLr` and `minLrRate`, its share of the initial rate. */
export interface MinLrOptions {
  /** Cycles of the cosine after the warm-up. Default: 0.5, down once. */
  readonly numCycles?: number;
  /** The least rate itself. */
  readonly minLr?: number;
  /** The least rate as a share of the initial one, 0…1. */
  readonly minLrRate?: number;
}

/** The name of a schedule. */
export type SchedulerType = keyof SchedulerOptions;

/** The options of any schedule. */
export type AnySchedulerOptions = SchedulerOptions[SchedulerType];

const METRIC_OPTIONS = {
  ...IMPROVEMENT_OPTIONS,
  factor: true,
  patience: true,
  cooldown: true,
  minLr: true,
  eps: true,
} as const;

/** The options that each schedule knows. */
const OPTIONS: { readonly [T in SchedulerType]: OptionNames<SchedulerOptions[T]> } = {
  linear: {},
  cosine: { numCycles: true },
  cosine_with_restarts: { numCycles: true },
  polynomial: { lrEnd: true, power: true },
  constant: {},
  constant_with_warmup: {},
  inverse_sqrt: { timescale: true },
  reduce_lr_on_plateau: METRIC_OPTIONS,
  cosine_with_min_lr: { numCycles: true, minLr: true, minLrRate: true },
  cosine_warmup_with_min_lr: { numCycles: true, minLr: true, minLrRate: true, warmupLrRate: true },
  warmup_stable_decay: {
    numDecaySteps: true,
    numStableSteps: true,
    warmupType: true,
    decayType: true,
    minLrRatio: true,
    numCycles: true,
  },
  greedy: { ...METRIC_OPTIONS, warmup: true, maxLr: true, smooth: true, windowSize: true, resetStart: true },
};

/** The schedules there are. */
export const SCHEDULER_TYPES = Object.keys(OPTIONS) as readonly SchedulerType[];

/** The schedules that follow a metric: they move after evaluations. */
export const METRIC_SCHEDULER_TYPES: readonly SchedulerType[] = ['reduce_lr_on_plateau', 'greedy'];

/** The learning rate of a run, update by update. */
export interface Scheduler {
  /** Which schedule it is. */
  readonly type: SchedulerType;
  /** The rate for the coming update. Setting it moves the rest of the schedule by the same factor. */
  learningRate: number;
  /** An update has been made. */
  advance(): void;
  /** An evaluation gave this metric: only the schedules that follow one listen. */
  observe(metric: number): void;
  /** All that it remembers; numbers may be infinite. */
  state(): SchedulerState;
  /** Go on from what `state()` gave, of a schedule of the same type. */
  restore(state: SchedulerState): void;
}

/** What a scheduler remembers. */
export type SchedulerState = Readonly<Record<string, unknown>>;

/** Settings of {@link createScheduler}. */
export interface SchedulerSettings extends ScheduleSpan {
  /** The rate at the end of the warm-up, which the schedule's factors are of. */
  readonly learningRate: number;
  /** What this schedule takes besides: see {@link SchedulerOptions}. */
  readonly options?: AnySchedulerOptions;
}

/**
 * The learning rate as transformers' `get_scheduler` has it, at every step.
 *
 * @throws TypeError for a schedule or an option that there is not; RangeError for values that make no schedule.
 *
 * @example
 * ```ts
 * import { createScheduler } from 'trainscope/trainer';
 *
 * const scheduler = createScheduler('linear', { learningRate: 1e-3, warmupSteps: 2, trainingSteps: 6 });
 * for (let step = 0; step < 6; step++) {
 *   console.log(step, scheduler.learningRate); // 0, 0.0005, 0.001, 0.00075, 0.0005, 0.00025
 *   scheduler.advance();
 * }
 * ```
 */
export function createScheduler(type: SchedulerType, settings: SchedulerSettings): Scheduler {
  checkOneOf('lrSchedulerType', type, SCHEDULER_TYPES);
  checkOptions('createScheduler', settings, {
    learningRate: true,
    warmupSteps: true,
    trainingSteps: true,
    options: true,
  });
  checkNames(`the options (lrSchedulerKwargs) of ${type}`, settings.options ?? {}, OPTIONS[type]);
  const made = make(type, settings);
  return typeof made === 'function' ? followSteps(type, settings.learningRate, made) : followMetric(type, made);
}

function make(type: SchedulerType, settings: SchedulerSettings): Schedule | MetricSchedule {
  const { learningRate } = settings;
  const options = (settings.options ?? {}) as never;
  switch (type) {
    case 'linear':
      return linear(settings);
    case 'cosine':
      return cosine(settings, options);
    case 'cosine_with_restarts':
      return cosineWithRestarts(settings, options);
    case 'polynomial':
      return polynomial(settings, learningRate, options);
    case 'constant':
      return constant();
    case 'constant_with_warmup':
      return constantWithWarmup(settings);
    case 'inverse_sqrt':
      return inverseSqrt(settings, options);
    case 'reduce_lr_on_plateau':
      return reduceOnPlateau(learningRate, options);
    case 'cosine_with_min_lr':
      return cosineWithMinLr(settings, withMinLrRate(options, learningRate));
    case 'cosine_warmup_with_min_lr':
      return cosineWarmupWithMinLr(settings, withMinLrRate(options, learningRate));
    case 'warmup_stable_decay':
      return warmupStableDecay(settings, withDecaySteps(options));
    case 'greedy':
      return greedy(learningRate, options);
  }
}

function withMinLrRate<T extends MinLrOptions>(options: T, learningRate: number): T & { minLrRate: number } {
  const { minLr, minLrRate } = options;
  if ((minLr === undefined) === (minLrRate === undefined)) {
    const got = minLr === undefined ? 'neither' : 'both';
    throw new TypeError(`lrSchedulerKwargs: expected one of minLr and minLrRate, got ${got}`);
  }
  return { ...options, minLrRate: minLrRate ?? minLr! / learningRate };
}

function withDecaySteps(options: WarmupStableDecayOptions): WarmupStableDecayOptions {
  const { numDecaySteps, warmupType = 'linear', decayType = 'cosine' } = options;
  if (!Number.isFinite(numDecaySteps)) {
    throw new TypeError(`numDecaySteps: expected a number of updates, got ${describeValue(numDecaySteps)}`);
  }
  checkOneOf('warmupType', warmupType, ['linear', 'cosine', '1-sqrt']);
  checkOneOf('decayType', decayType, ['linear', 'cosine', '1-sqrt']);
  return options;
}

function followSteps(type: SchedulerType, initial: number, schedule: Schedule): Scheduler {
  let step = 0;
  /** 1 unless someone has set the rate by hand. */
  let scale = 1;
  return {
    type,
    get learningRate() {
      return initial * schedule(step) * scale;
    },
    set learningRate(rate) {
      const scheduled = initial * schedule(step);
      // A rate of 0 cannot be scaled: the schedule goes on as it was.
      if (scheduled > 0) scale = rate / scheduled;
    },
    advance: () => {
      step++;
    },
    observe: () => {},
    state: () => ({ schedule: type, step, scale }),
    restore(state) {
      checkType(state, type);
      step = Number(state.step);
      scale = Number(state.scale);
    },
  };
}

function followMetric(type: SchedulerType, schedule: MetricSchedule): Scheduler {
  return {
    type,
    get learningRate() {
      return schedule.learningRate;
    },
    set learningRate(rate) {
      schedule.learningRate = rate;
    },
    advance: () => {},
    observe: (metric) => schedule.observe(metric),
    state: () => ({ schedule: type, ...schedule.state() }),
    restore(state) {
      checkType(state, type);
      const { schedule: _type, ...rest } = state;
      schedule.restore(rest);
    },
  };
}

function checkType(state: SchedulerState, type: SchedulerType): void {
  if (state.schedule === type) return;
  throw new TypeError(
    `lrSchedulerType: expected the checkpoint's ${describeValue(state.schedule)}, got ${describeValue(type)}; resume with the schedule the run began with`,
  );
}
