import { mergeMap, type OperatorFunction } from 'rxjs';
import {
  type ControlRequest,
  checkOptions,
  checkPositive,
  checkPositiveInteger,
  checkShare,
  type RunMemory,
  remembered,
  shortNumber,
  type TrainingEvent,
} from '../events/index.js';
import { perSubscription, whileSameNames } from '../operators/index.js';
import { jointNorm, type Layer, layersOf, type ParameterUpdates, type Statistic } from '../parameters/index.js';

export interface SteerUpdateRatioOptions {
  /** The median update ratio to keep to. Default: 3e-3. */
  readonly target?: number;
  /** The least learning rate. Default: 1e-6. */
  readonly min?: number;
  /** The greatest learning rate. Default: 1. */
  readonly max?: number;
  /** Updates between one correction and the next. Default: 5. */
  readonly every?: number;
  /** How much of the distance to the target a correction makes up for, on the logarithm, 0…1. Default: 0.5. */
  readonly damping?: number;
  /** Where it keeps what it remembers. Default: nowhere, it begins anew with each subscription. */
  readonly memory?: RunMemory;
}

/** A correction changes the rate by at most this factor, either way. */
const MOST_CHANGE = 10;
/** Smaller corrections are not asked for: each is an event. */
const LEAST_CHANGE = 1.05;

/**
 * Steer the learning rate so that the median update ratio follows its target: the layers' updates divided by their
 * weights' norms (biases begin at zero and count with their layer), the median of them, and of the steps since the last
 * correction.
 *
 * It works on top of a schedule: it asks for a factor, not for a rate; where a schedule lowers the rate below its highest
 * so far, the target falls in the same proportion; and while the rate still rises, as in a warm-up, it waits. `min` and
 * `max` bound the rate that results.
 *
 * That healthy updates are near 1e-3 of the weights is a rule of thumb of long standing (DL4J's guide to its training
 * interface; Karpathy's notes). Models trained from scratch learn faster at 3e-3 to 1e-2, hence the default;
 * docs/performance.md has what it does for three problems. For fine-tuning 1e-3 or less is the safer target.
 *
 * What other controls do to the rate counts as a schedule, since theirs is one (`reduceOnPlateau`, `warmRestart`); but the
 * cut of a `rollback` is a guess at what the target knows better. Merge the run's events in, and the target stays through
 * a rollback; without them it falls with the cut.
 *
 * @throws TypeError for numbers that are not positive, a damping outside of 0…1, a `min` above `max`.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { parameterUpdates, steerUpdateRatio } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * const updates$ = training.events$.pipe(parameterUpdates({ statistics: ['updateNorm', 'weightNorm'] }));
 * training.steer(merge(updates$, training.events$).pipe(steerUpdateRatio({ target: 1e-3, min: 1e-6, max: 1e-2 })));
 * ```
 */
export function steerUpdateRatio<S extends Statistic>(
  options: SteerUpdateRatioOptions = {},
): OperatorFunction<ParameterUpdates<S | 'updateNorm' | 'weightNorm'> | TrainingEvent, ControlRequest> {
  checkOptions('steerUpdateRatio', options, {
    target: true,
    min: true,
    max: true,
    every: true,
    damping: true,
    memory: true,
  });
  const { target = 3e-3, min = 1e-6, max = 1, every = 5, damping = 0.5, memory } = options;
  checkPositive('target', target);
  checkPositive('min', min);
  checkPositive('max', max);
  checkPositiveInteger('every', every);
  if (min > max) throw new TypeError(`min: expected at most max, ${max}; got ${min}`);
  checkShare('damping', damping);
  return perSubscription(() => {
    const state = remembered(memory, 'steerUpdateRatio', {
      factor: 1,
      /** The factor of the rollbacks so far. */
      cut: 1,
      /** The highest rate of the schedule so far. */
      peak: 0,
      /** Of the updates since the last correction. */
      ratios: [] as number[],
    });
    const layersOfNames = whileSameNames(layersOf);
    return mergeMap((updates): ControlRequest[] => {
      if (updates.type !== 'parameter-updates') {
        const next = rollbackFactor(updates);
        if (next === undefined) return [];
        state.cut = next;
        state.ratios = [];
        return [];
      }
      const rate = updates.learningRate;
      const ratio = medianLayerRatio(updates, layersOfNames(updates.names));
      // The rate without ours and a rollback's: a schedule's, with whatever else steers.
      const base = rate / (state.factor * state.cut);
      if (!(base > 0) || !(ratio > 0) || !Number.isFinite(ratio)) return [];
      const rises = state.peak > 0 && base > state.peak * (1 + 1e-9);
      state.peak = Math.max(state.peak, base);
      if (rises) {
        state.ratios = [];
        return [];
      }
      state.ratios.push(ratio);
      if (state.ratios.length < every) return [];
      const measured = median(state.ratios);
      state.ratios = [];
      const wanted = target * (base / state.peak);
      const correction = clamp((wanted / measured) ** damping, 1 / MOST_CHANGE, MOST_CHANGE);
      const next = clamp(rate * correction, min, max);
      if (Math.max(next / rate, rate / next) < LEAST_CHANGE) return [];
      state.factor = next / (base * state.cut);
      return [
        {
          command: { kind: 'scale-learning-rate', factor: state.factor },
          source: 'steerUpdateRatio',
          message: `the median update ratio is ${shortNumber(measured)}, its target ${shortNumber(wanted)}`,
        },
      ];
    });
  });
}

/** The factor that a rollback has set, if this event tells of one. */
function rollbackFactor(event: TrainingEvent): number | undefined {
  if (event.type !== 'control' || event.source !== 'rollback' || event.refused) return undefined;
  return event.command.kind === 'scale-learning-rate' ? event.command.factor : undefined;
}

function medianLayerRatio(
  { columns }: ParameterUpdates<'updateNorm' | 'weightNorm'>,
  layers: readonly Layer[],
): number {
  const normOf = (column: Float64Array, members: Layer['members']) => jointNorm(members.map((i) => column[i]!));
  return median(layers.map(({ members }) => normOf(columns.updateNorm, members) / normOf(columns.weightNorm, members)));
}

/** The lower one of the two in the middle; NaN of none. */
function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
