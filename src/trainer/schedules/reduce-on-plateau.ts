import { type ImprovementOptions, improves, worst } from '../../control/index.js';
import { withoutUndefined } from '../../events/index.js';
import type { MetricSchedule } from './metric-schedule.js';

/** When and how far `reduce_lr_on_plateau` lowers the rate. Defaults are torch's. */
export interface PlateauScheduleOptions extends ImprovementOptions {
  /** What the rate is multiplied with. Default: 0.1. */
  readonly factor?: number;
  /** Evaluations without improvement that are let pass. Default: 10. */
  readonly patience?: number;
  /** Evaluations after a reduction that do not count. Default: 0. */
  readonly cooldown?: number;
  /** The least rate. Default: 0. */
  readonly minLr?: number;
  /** Smaller changes are not made. Default: 1e-8. */
  readonly eps?: number;
}

const DEFAULTS: Required<PlateauScheduleOptions> = {
  mode: 'min',
  factor: 0.1,
  patience: 10,
  threshold: 1e-4,
  thresholdMode: 'rel',
  cooldown: 0,
  minLr: 0,
  eps: 1e-8,
};

/** Lowers the rate when a metric has stopped improving. Semantics: torch's ReduceLROnPlateau. */
export function reduceOnPlateau(learningRate: number, options: PlateauScheduleOptions = {}): MetricSchedule {
  const settings = { ...DEFAULTS, ...withoutUndefined(options) };
  let state = { learningRate, best: worst(settings.mode), badEvaluations: 0, cooldownLeft: 0 };
  return {
    get learningRate() {
      return state.learningRate;
    },
    set learningRate(rate) {
      state.learningRate = rate;
    },
    observe(metric) {
      if (improves(metric, state.best, settings)) {
        state.best = metric;
        state.badEvaluations = 0;
      } else {
        state.badEvaluations++;
      }
      if (state.cooldownLeft > 0) {
        state.cooldownLeft--;
        state.badEvaluations = 0;
      }
      if (state.badEvaluations <= settings.patience) return;
      const lower = Math.max(state.learningRate * settings.factor, settings.minLr);
      if (state.learningRate - lower > settings.eps) state.learningRate = lower;
      state.cooldownLeft = settings.cooldown;
      state.badEvaluations = 0;
    },
    state: () => ({ ...state }),
    restore(saved) {
      state = { ...state, ...saved };
    },
  };
}
