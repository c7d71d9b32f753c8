import { type ControlRequest, type PreOptimizerStepEvent, shortNumber, type TrainingEvent } from '../events/index.js';
import { whileSameNames } from '../operators/index.js';
import { jointNorm, type Layer, layersOf, medianOf, type ParameterUpdates } from '../parameters/index.js';

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

/** As the options of `steerUpdateRatio()`, all of them given. */
type Settings = Readonly<Record<'target' | 'min' | 'max' | 'mostRaise' | 'every' | 'damping', number>>;
type Updates = ParameterUpdates<'updateNorm' | 'weightNorm'>;

/** What is asked for on each record of a run. */
export class RatioSteering {
  readonly #layersOfNames = whileSameNames(layersOf);

  constructor(
    private readonly state: SteeringState,
    private readonly settings: Settings,
  ) {}

  take(record: Updates | TrainingEvent): ControlRequest[] {
    if (this.state.gaveUp) return [];
    return record.type === 'parameter-updates' ? this.#takeUpdates(record) : this.#takeEvent(record);
  }

  #takeEvent(event: TrainingEvent): ControlRequest[] {
    const { state } = this;
    if (event.type === 'pre-optimizer-step' && state.probe === 'due' && event.step === 0) return probe(event, state);
    state.cut = rollbackFactor(event) ?? state.cut;
    return [];
  }

  #takeUpdates(updates: Updates): ControlRequest[] {
    const { state } = this;
    const { every } = this.settings;
    const ratio = medianLayerRatio(updates, this.#layersOfNames(updates.names));
    // The rate without ours and a rollback's: a schedule's, with whatever else steers.
    const base = updates.learningRate / (state.factor * state.cut);
    if (!(base > 0) || !Number.isFinite(ratio)) return [];
    state.still = ratio < STILL * Math.min(1, state.factor) ? state.still + 1 : 0;
    if (state.still >= Math.max(20, STILL_FOR * every)) return this.#giveUp();
    const rises = state.peak > 0 && base > state.peak * (1 + ROUNDING);
    state.peak = Math.max(state.peak, base);
    if (state.probe === 'asked') return this.#probed(ratio, base);
    state.probe = 'done';
    state.moved += ratio;
    keepLoss(state.losses, updates.loss, lossesKept(every));
    if (rises) {
      state.ratios = [];
      return [];
    }
    state.ratios.push(ratio / (base / state.peak));
    return state.ratios.length < every ? [] : this.#correct(base, updates.step, updates.maxSteps);
  }

  #giveUp(): ControlRequest[] {
    this.state.gaveUp = true;
    return this.#scale(1, `it gives up: at least half of the layers have not moved for ${this.state.still} updates`);
  }

  #probed(ratio: number, base: number): ControlRequest[] {
    this.state.probe = 'done';
    const whole = ratio / PROBE;
    const most = TOO_FAR * this.settings.target;
    const factor = whole > most ? most / whole : 1;
    const said = `the first update, at ${PROBE} of the rate, has a ratio of ${shortNumber(ratio)}`;
    return this.#scale(this.#bounded(factor, base), said);
  }

  #correct(base: number, step: number, maxSteps: number | undefined): ControlRequest[] {
    const { state } = this;
    const { target } = this.settings;
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
    const next = this.#nextFactor(wanted / measured, base, decays);
    // A bound that lies below what was set may be met, but nothing is raised on the way down.
    if (mayLower && next > state.factor) return [];
    if (Math.max(next / state.factor, state.factor / next) < LEAST_CHANGE) return [];
    const why = mayLower && !isTooFar ? ', and the loss does not fall' : '';
    return this.#scale(
      next,
      `the median update ratio is ${shortNumber(measured)}, its target ${shortNumber(wanted)}${why}`,
    );
  }

  /** `distance`: of the target, in times what was measured. */
  #nextFactor(distance: number, base: number, decays: boolean): number {
    const { factor, found } = this.state;
    const correction = clamp(distance ** this.settings.damping, 1 / MOST_CHANGE, MOST_CHANGE);
    const most = found === null ? Infinity : Math.max(factor, LATE_RAISE * found, decays ? 1 : 0);
    return Math.min(this.#bounded(factor * correction, base), most);
  }

  /** Bounds for the rate that results, and for how far it may be raised. */
  #bounded(factor: number, base: number): number {
    const { min, max, mostRaise } = this.settings;
    const { cut } = this.state;
    return Math.min(clamp(base * cut * factor, min, max) / (base * cut), mostRaise);
  }

  #scale(factor: number, message: string): ControlRequest[] {
    this.state.factor = factor;
    this.state.ratios = [];
    return [ask(factor, message)];
  }
}

/** What a steering remembers, as a run's memory keeps it. */
export interface SteeringState {
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

export function beginning(): SteeringState {
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
function probe({ parameters }: PreOptimizerStepEvent, state: SteeringState): ControlRequest[] {
  const live: PreOptimizerStepEvent['parameters'] | undefined = parameters;
  if (!live) return [];
  state.probe = 'asked';
  state.factor = PROBE;
  return [ask(PROBE, 'the first update is a probe')];
}

/** Whether the rate need not be looked for any longer. */
function isFound(
  { moved }: SteeringState,
  measured: number,
  wanted: number,
  step: number,
  maxSteps = Infinity,
): boolean {
  return measured >= wanted || moved > MOVED || (step > maxSteps * OPENING && moved > HARDLY_MOVED);
}

/** Whether the loss allows for a higher rate: where a schedule ends at a low one anyway, any fall does. */
function isRaisable({ found, moved }: SteeringState, fall: number, decays: boolean): boolean {
  return found === null ? fall > 0 || moved < HARDLY_MOVED : fall > (decays ? 0 : STEEP);
}

function keepLoss(losses: number[], loss: number, most: number): void {
  if (Number.isFinite(loss)) losses.push(loss);
  if (losses.length > most) losses.shift();
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
