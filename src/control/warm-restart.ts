import { mergeMap, type OperatorFunction } from 'rxjs';
import {
  type ControlRequest,
  checkOptions,
  checkPositiveInteger,
  describeValue,
  type RunMemory,
  remembered,
  type TrainingEvent,
} from '../events/index.js';
import { perSubscription } from '../operators/index.js';

/** Options of {@link warmRestart}: how long its cycles are, and how deep they go. */
export interface WarmRestartOptions {
  /** Steps of the first cycle. */
  readonly period: number;
  /** How many times as long as the one before each further cycle is; a whole number. Default: 2. */
  readonly multiplier?: number;
  /** The least factor, reached at the end of a cycle, between 0 and 1. Default: 0.01. */
  readonly minFactor?: number;
  /** Where it keeps what it remembers. Default: nowhere, it begins anew with each subscription. */
  readonly memory?: RunMemory;
}

/** Smaller changes of the factor are not asked for: each is an event. */
const LEAST_CHANGE = 0.05;

/**
 * Let the learning rate fall by a cosine and start again, in cycles that become longer (SGDR: Loshchilov and Hutter,
 * 2017), as a factor on top of whatever sets it. It asks when the factor has changed by 5 % of the full rate, and at each
 * restart. Where the run's length is known (`maxSteps` of `train-begin`), its last cycle ends with it: one that would be cut
 * off is not begun, and the one before takes its time.
 *
 * @throws TypeError for a period or a multiplier that is not a positive integer, a factor not between 0 and 1.
 *
 * @example
 * ```ts
 * import { observe, warmRestart } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.steer(run.events$.pipe(warmRestart({ period: 100 })));
 * ```
 */
export function warmRestart(options: WarmRestartOptions): OperatorFunction<TrainingEvent, ControlRequest> {
  checkOptions('warmRestart', options, { period: true, multiplier: true, minFactor: true, memory: true });
  const { period, multiplier = 2, minFactor = 0.01, memory } = options;
  checkPositiveInteger('period', period);
  checkPositiveInteger('multiplier', multiplier);
  if (!(minFactor > 0 && minFactor < 1)) {
    throw new TypeError(`minFactor: expected a number between 0 and 1, got ${describeValue(minFactor)}`);
  }
  return perSubscription(() => {
    const state = remembered(memory, 'warmRestart', {
      ...{ cycle: 1, length: period, done: 0, asked: 1 },
      /** The run's last step, where it is known. */
      end: null as number | null,
    });
    /** The cycle that begins after `step` takes all that is left, where the next would be cut off. */
    const fitToRun = (step: number) => {
      if (state.end === null) return;
      const left = state.end - step;
      if (left < state.length * (1 + multiplier)) state.length = Math.max(1, left);
    };
    return mergeMap((event): ControlRequest[] => {
      if (event.type === 'train-begin' && event.maxSteps !== undefined) {
        state.end = event.maxSteps;
        if (state.done === 0) fitToRun(event.step);
      }
      if (event.type !== 'step-end') return [];
      const restarts = ++state.done >= state.length && (state.end === null || event.step < state.end);
      if (restarts) {
        state.cycle++;
        state.done = 0;
        state.length *= multiplier;
        fitToRun(event.step);
      }
      const { cycle, done, length } = state;
      const factor = minFactor + ((1 - minFactor) * (1 + Math.cos((Math.PI * Math.min(done, length)) / length))) / 2;
      if (!restarts && Math.abs(factor - state.asked) < LEAST_CHANGE) return [];
      state.asked = factor;
      return [
        {
          command: { kind: 'scale-learning-rate', factor },
          source: 'warmRestart',
          message: restarts
            ? `cycle ${cycle} begins, of ${length} steps`
            : `step ${done} of ${length} in cycle ${cycle}`,
        },
      ];
    });
  });
}
