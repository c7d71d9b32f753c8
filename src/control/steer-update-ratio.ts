import { mergeMap, type OperatorFunction } from 'rxjs';
import {
  type ControlRequest,
  checkOptions,
  checkPositive,
  checkPositiveInteger,
  checkShare,
  checkThat,
  type PreOptimizerStepEvent,
  type RunMemory,
  remembered,
  shortNumber,
  type TrainingEvent,
} from '../events/index.js';
import { perSubscription, whileSameNames } from '../operators/index.js';
import {
  jointNorm,
  type Layer,
  layersOf,
  medianOf,
  type ParameterUpdates,
  type Statistic,
} from '../parameters/index.js';

/** Options of {@link steerUpdateRatio}: the ratio to hold, and how far the rate may go for it. */
export interface SteerUpdateRatioOptions {
  /** The median update ratio to begin with. Default: 2e-2. */
  readonly target?: number;
  /** The least learning rate. Default: 1e-6. */
  readonly min?: number;
  /** The greatest learning rate. Default: 1. */
  readonly max?: number;
  /** How far it may raise the rate that was set: so many times. Default: 1000. */
  readonly mostRaise?: number;
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
/** The first update is made at this share of its rate, and measured. */
const PROBE = 1e-3;
/** Updates so many times the target are lowered whatever the loss does. */
const TOO_FAR = 5;
/** While the weights have moved by less than this share of their norm, the loss says nothing of the rate. */
const HARDLY_MOVED = 0.1;
/** Once they have moved by so much, the rate is as it should be, or the rate is not the trouble. */
const MOVED = 1;
/** The rate is looked for in this share of a run whose length is known, or until the weights have moved a little. */
const OPENING = 1 / 3;
/** After the opening the rate is raised to so many times what that ended with, at most, and only while the loss falls steeply. */
const LATE_RAISE = 2;
/** A steep fall, as a share of the loss, within the losses that are kept. */
const STEEP = 0.2;
/** Of fewer losses it cannot be said whether they fall. */
const ENOUGH = 10;
/** Rates that differ by less are the same. */
const ROUNDING = 1e-9;
/** A layer that moves by less stands still: float32 does not know the difference. */
const STILL = 1e-8;
/** After so many corrections' time without movement, and so many updates at least, it gives up. */
const STILL_FOR = 4;

/**
 * Find the learning rate by the median update ratio, and keep it from running away: the layers' updates divided by their
 * weights' norms (biases begin at zero and count with their layer), the median of them, and of the steps since the last
 * correction.
 *
 * The first update is made at a thousandth of the rate and measured, where the run's events are merged in: so a first rate
 * that is far too high is never used. Then the run is in its opening. A ratio below the target raises the rate, while
 * the loss falls or the weights have hardly moved. The opening ends when the target is met, when the weights have moved by
 * as much as their norm, or with the first third of a run whose length is known, if they have moved at all by then. From
 * then on the rate is lowered, where the ratio is above the target and the loss does not fall, or where it is far above;
 * and raised, to twice what the opening ended with at most, only while the loss still falls by a fifth within twenty updates.
 * Gradients that shrink as a run converges raise nothing. Where the layers stand still, it puts the rate back to what was
 * set, says so in a `control` event, and asks for nothing more.
 *
 * It works on top of a schedule: it asks for a factor, not for a rate; where a schedule lowers the rate below its highest
 * so far, the target falls too, in the opening in proportion and then with the square root: a rate that will decay may be
 * higher than one that stays. So there any fall of the loss may raise the rate, to what was set or twice what was found.
 * While the rate still rises, as in a warm-up, it waits. `min`, `max` and `mostRaise` bound the rate that results.
 *
 * The rule of thumb that healthy updates are near 1e-3 of the weights (DL4J's guide to its training interface; Karpathy's
 * notes) is of the middle of a run. The best rates of docs/control.md's seven problems begin at 1e-2 to 1e-1, hence the
 * default. For fine-tuning 1e-3 or less is the safer target.
 *
 * What other controls do to the rate counts as a schedule, since theirs is one (`reduceOnPlateau`, `warmRestart`); the cut
 * of a `rollback` does not, where the run's events are merged in.
 *
 * @throws TypeError for numbers that are not positive, a damping outside of 0…1, a `min` above `max`, a `mostRaise` below 1.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { observe, parameterUpdates, steerUpdateRatio } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * const updates$ = run.events$.pipe(parameterUpdates({ statistics: ['updateNorm', 'weightNorm'] }));
 * run.steer(merge(updates$, run.events$).pipe(steerUpdateRatio()));
 * ```
 */
export function steerUpdateRatio<S extends Statistic>(
  options: SteerUpdateRatioOptions = {},
): OperatorFunction<ParameterUpdates<S | 'updateNorm' | 'weightNorm'> | TrainingEvent, ControlRequest> {
  checkOptions('steerUpdateRatio', options, {
    target: true,
    min: true,
    max: true,
    mostRaise: true,
    every: true,
    damping: true,
    memory: true,
  });
  const { target = 2e-2, min = 1e-6, max = 1, mostRaise = 1000, every = 5, damping = 0.5, memory } = options;
  checkPositive('target', target);
  checkPositive('min', min);
  checkPositive('max', max);
  checkThat('mostRaise', mostRaise >= 1, 'a number of at least 1', mostRaise);
  checkPositiveInteger('every', every);
  if (min > max) throw new TypeError(`min: expected at most max, ${max}; got ${min}`);
  checkShare('damping', damping);
  return perSubscription(() => {
    const state = remembered(memory, 'steerUpdateRatio', beginning());
    const layersOfNames = whileSameNames(layersOf);

    /** Bounds for the rate that results, and for how far it may be raised. */
    const bounded = (factor: number, base: number) =>
      Math.min(clamp(base * state.cut * factor, min, max) / (base * state.cut), mostRaise);

    const scale = (factor: number, message: string): ControlRequest[] => {
      state.factor = factor;
      state.ratios = [];
      return [ask(factor, message)];
    };

    const probed = (ratio: number, base: number): ControlRequest[] => {
      state.probe = 'done';
      const whole = ratio / PROBE;
      const most = TOO_FAR * target;
      const factor = whole > most ? most / whole : 1;
      const said = `the first update, at ${PROBE} of the rate, has a ratio of ${shortNumber(ratio)}`;
      return scale(bounded(factor, base), said);
    };

    const giveUp = (): ControlRequest[] => {
      state.gaveUp = true;
      return scale(1, `it gives up: at least half of the layers have not moved for ${state.still} updates`);
    };

    const correct = (base: number, step: number, maxSteps: number | undefined): ControlRequest[] => {
      const share = base / state.peak;
      const measured = medianOf(state.ratios) * share;
      state.ratios = [];
      const decays = share < 1 - ROUNDING;
      if (state.found === null && isFound(state, measured, target * share, step, maxSteps)) {
        state.found = state.factor;
      }
      // Under a decay the best rate begins above the best one without: what was found without it may be too low.
      const wanted = target * (state.found === null ? share : Math.sqrt(share));
      const fall = fallOf(state.losses);
      const isTooFar = measured > TOO_FAR * wanted;
      const mayRaise = measured > 0 && measured < wanted && isRaisable(state, fall, decays);
      const mayLower = measured > wanted && (isTooFar || fall <= 0);
      if (!mayRaise && !mayLower) return [];
      const correction = clamp((wanted / measured) ** damping, 1 / MOST_CHANGE, MOST_CHANGE);
      const most = state.found === null ? Infinity : Math.max(state.factor, LATE_RAISE * state.found, decays ? 1 : 0);
      const next = Math.min(bounded(state.factor * correction, base), most);
      // A bound that lies below what was set may be met, but nothing is raised on the way down.
      if (mayLower && next > state.factor) return [];
      if (Math.max(next / state.factor, state.factor / next) < LEAST_CHANGE) return [];
      return scale(
        next,
        `the median update ratio is ${shortNumber(measured)}, its target ${shortNumber(wanted)}${mayLower && !isTooFar ? ', and the loss does not fall' : ''}`,
      );
    };

    return mergeMap((updates): ControlRequest[] => {
      if (state.gaveUp) return [];
      if (updates.type !== 'parameter-updates') {
        if (updates.type === 'pre-optimizer-step' && state.probe === 'due' && updates.step === 0) {
          return probe(updates, state);
        }
        state.cut = rollbackFactor(updates) ?? state.cut;
        return [];
      }
      const ratio = medianLayerRatio(updates, layersOfNames(updates.names));
      // The rate without ours and a rollback's: a schedule's, with whatever else steers.
      const base = updates.learningRate / (state.factor * state.cut);
      if (!(base > 0) || !Number.isFinite(ratio)) return [];
      state.still = ratio < STILL * Math.min(1, state.factor) ? state.still + 1 : 0;
      if (state.still >= Math.max(20, STILL_FOR * every)) return giveUp();
      const rises = state.peak > 0 && base > state.peak * (1 + ROUNDING);
      state.peak = Math.max(state.peak, base);
      if (state.probe === 'asked') return probed(ratio, base);
      state.probe = 'done';
      state.moved += ratio;
      if (Number.isFinite(updates.loss)) state.losses.push(updates.loss);
      if (state.losses.length > lossesKept(every)) state.losses.shift();
      if (rises) {
        state.ratios = [];
        return [];
      }
      state.ratios.push(ratio / (base / state.peak));
      return state.ratios.length < every ? [] : correct(base, updates.step, updates.maxSteps);
    });
  });
}

interface State {
  factor: number;
  /** The factor of the rollbacks so far. */
  cut: number;
  /** The highest rate of the schedule so far. */
  peak: number;
  /** Of the updates since the last correction, as they would be at the peak of the schedule. */
  ratios: number[];
  /** Of the last updates that have one. */
  losses: number[];
  probe: 'due' | 'asked' | 'done';
  /** The factor that the opening ended with; null while the rate is still looked for. */
  found: number | null;
  /** The sum of all ratios. */
  moved: number;
  /** Updates in a row without movement. */
  still: number;
  gaveUp: boolean;
}

function beginning(): State {
  return {
    factor: 1,
    cut: 1,
    peak: 0,
    ratios: [],
    losses: [],
    probe: 'due',
    found: null,
    moved: 0,
    still: 0,
    gaveUp: false,
  };
}

function ask(factor: number, message: string): ControlRequest {
  return { command: { kind: 'scale-learning-rate', factor }, source: 'steerUpdateRatio', message };
}

/** Before the first update of a run, not of its resumption, in a loop that is here: elsewhere it would come too late. */
function probe({ parameters }: PreOptimizerStepEvent, state: State): ControlRequest[] {
  const live: PreOptimizerStepEvent['parameters'] | undefined = parameters;
  if (!live) return [];
  state.probe = 'asked';
  state.factor = PROBE;
  return [ask(PROBE, 'the first update is a probe')];
}

/** Whether the rate need not be looked for any longer. */
function isFound({ moved }: State, measured: number, wanted: number, step: number, maxSteps = Infinity): boolean {
  return measured >= wanted || moved > MOVED || (step > maxSteps * OPENING && moved > HARDLY_MOVED);
}

/** Whether the loss allows for a higher rate: where a schedule ends at a low one anyway, any fall does. */
function isRaisable({ found, moved }: State, fall: number, decays: boolean): boolean {
  return found === null ? fall > 0 || moved < HARDLY_MOVED : fall > (decays ? 0 : STEEP);
}

const lossesKept = (every: number) => Math.max(20, 4 * every);

/** How far the newer half of the losses lies below the older one, as a share of that; NaN where that cannot be said. */
function fallOf(losses: readonly number[]): number {
  if (losses.length < ENOUGH) return Number.NaN;
  const half = losses.length >> 1;
  const older = mean(losses.slice(0, half));
  return (older - mean(losses.slice(-half))) / Math.abs(older);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
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
  return medianOf(
    layers.map(({ members }) => normOf(columns.updateNorm, members) / normOf(columns.weightNorm, members)),
  );
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
