import { type ImprovementOptions, improves, worst } from '../../control/index.js';
import { withoutUndefined } from '../../events/index.js';
import type { MetricSchedule } from './metric-schedule.js';

/** When and how far `greedy` moves the rate. */
export interface GreedyOptions extends ImprovementOptions {
  /** Below 1: the rate is multiplied with it on a plateau, and divided by it on improvement. Default: 0.95. */
  readonly factor?: number;
  /** Evaluations of one kind in a row that are let pass. Default: 10. */
  readonly patience?: number;
  /** Evaluations after a reduction that do not count. Default: 0. */
  readonly cooldown?: number;
  /** Evaluations after a rise that do not count. Default: 0. */
  readonly warmup?: number;
  /** Default: 1e-3. */
  readonly minLr?: number;
  /** Default: 1. */
  readonly maxLr?: number;
  /** Smaller changes are not made. Default: 1e-8. */
  readonly eps?: number;
  /** Follow the mean of the last `windowSize` metrics. Default: false. */
  readonly smooth?: boolean;
  /** Default: 50. */
  readonly windowSize?: number;
  /** Reductions at the least rate after which all starts again. Default: 500. */
  readonly resetStart?: number;
}

const DEFAULTS: Required<GreedyOptions> = {
  mode: 'min',
  factor: 0.95,
  patience: 10,
  threshold: 1e-6,
  thresholdMode: 'abs',
  cooldown: 0,
  warmup: 0,
  minLr: 1e-3,
  maxLr: 1,
  eps: 1e-8,
  smooth: false,
  windowSize: 50,
  resetStart: 500,
};

/** Raises the rate while a metric improves, and lowers it on a plateau (GreedyLR, arXiv 2512.14527). */
export function greedy(learningRate: number, options: GreedyOptions = {}): MetricSchedule {
  const settings = { ...DEFAULTS, ...withoutUndefined(options) };
  if (!(settings.factor < 1)) throw new RangeError(`factor: expected less than 1, got ${settings.factor}`);
  const { patience, factor, minLr, maxLr, eps, cooldown, warmup, resetStart } = settings;
  const start = () => ({
    learningRate,
    best: worst(settings.mode),
    good: 0,
    bad: 0,
    cooldownLeft: 0,
    warmupLeft: 0,
    resetIn: resetStart,
    window: [] as readonly number[],
  });
  let state = start();

  const smoothed = (metric: number): number => {
    if (!settings.smooth) return metric;
    state.window = [...state.window, metric].slice(-settings.windowSize);
    return state.window.reduce((sum, value) => sum + value, 0) / state.window.length;
  };
  const count = (metric: number): void => {
    if (state.cooldownLeft > 0 || state.warmupLeft > 0) {
      if (state.cooldownLeft > 0) state.cooldownLeft--;
      else state.warmupLeft--;
      state.good = 0;
      state.bad = 0;
    } else if (improves(metric, state.best, settings)) {
      state.best = metric;
      state.good++;
      state.bad = 0;
    } else {
      state.good = 0;
      state.bad++;
    }
  };
  const raise = (): void => {
    const higher = Math.min(state.learningRate / factor, maxLr);
    if (higher - state.learningRate > eps) state.learningRate = higher;
    state.resetIn = resetStart;
    state.warmupLeft = warmup;
    state.good = 0;
  };
  const lower = (): void => {
    const less = Math.max(state.learningRate * factor, minLr);
    if (state.learningRate - less > eps) state.learningRate = less;
    if (state.learningRate <= minLr && --state.resetIn <= 0) state = start();
    state.cooldownLeft = cooldown;
    state.bad = 0;
  };

  return {
    get learningRate() {
      return state.learningRate;
    },
    set learningRate(rate) {
      state.learningRate = rate;
    },
    observe(metric) {
      count(smoothed(metric));
      if (state.good > patience) raise();
      else if (state.bad > patience) lower();
    },
    state: () => ({ ...state }),
    restore(saved) {
      state = { ...state, ...saved };
    },
  };
}
