import { mergeMap, type OperatorFunction } from 'rxjs';
import {
  type ControlRequest,
  checkOptions,
  checkPositiveInteger,
  describeValue,
  type EventOf,
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
    const state = remembered(memory, 'warmRestart', beginning(period));
    return mergeMap((event): ControlRequest[] => {
      if (event.type === 'train-begin') learnEnd(event, state, multiplier);
      if (event.type !== 'step-end') return [];
      const restarts = goOn(event.step, state, multiplier);
      const factor = cosine(state, minFactor);
      if (!restarts && Math.abs(factor - state.asked) < LEAST_CHANGE) return [];
      state.asked = factor;
      return [ask(factor, state, restarts)];
    });
  });
}

interface Cycles {
  cycle: number;
  /** Steps of this cycle, and how many of them are done. */
  length: number;
  done: number;
  /** The last factor that was asked for. */
  asked: number;
  /** The run's last step, where it is known. */
  end: number | null;
}

function beginning(period: number): Cycles {
  return { cycle: 1, length: period, done: 0, asked: 1, end: null };
}

function learnEnd({ step, maxSteps }: EventOf<'train-begin'>, state: Cycles, multiplier: number): void {
  if (maxSteps === undefined) return;
  state.end = maxSteps;
  if (state.done === 0) fitToRun(step, state, multiplier);
}

/** A step is done. Whether a cycle begins. */
function goOn(step: number, state: Cycles, multiplier: number): boolean {
  const restarts = ++state.done >= state.length && (state.end === null || step < state.end);
  if (!restarts) return false;
  state.cycle++;
  state.done = 0;
  state.length *= multiplier;
  fitToRun(step, state, multiplier);
  return true;
}

/** The cycle that begins after `step` takes all that is left, where the next would be cut off. */
function fitToRun(step: number, state: Cycles, multiplier: number): void {
  if (state.end === null) return;
  const left = state.end - step;
  if (left < state.length * (1 + multiplier)) state.length = Math.max(1, left);
}

function cosine({ done, length }: Cycles, minFactor: number): number {
  return minFactor + ((1 - minFactor) * (1 + Math.cos((Math.PI * Math.min(done, length)) / length))) / 2;
}

function ask(factor: number, { cycle, done, length }: Cycles, restarts: boolean): ControlRequest {
  return {
    command: { kind: 'scale-learning-rate', factor },
    source: 'warmRestart',
    message: restarts ? `cycle ${cycle} begins, of ${length} steps` : `step ${done} of ${length} in cycle ${cycle}`,
  };
}
