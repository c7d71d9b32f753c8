import type { RunHistory } from '../../history/run-history.js';
import { tick, whole } from '../parts/format.js';
import type { Axis } from '../state/choices.js';
import type { View } from '../state/view.js';
import { DAY, linearTicks, multiples, niceStep, timeStep } from './ticks.js';
import { clockTime, dayOf, elapsed } from './time-words.js';
import type { StepRange } from './zoom.js';

export interface Tick {
  readonly at: number;
  readonly label: string;
}

type Clocked = Pick<RunHistory, 'clock' | 'state'>;

/** What one kind of axis is, for one run: where its steps lie, and which steps lie there. */
interface Measure {
  readonly title: string;
  at(run: Clocked, step: number): number;
  stepAt(run: Clocked, place: number): number;
  ticks(min: number, max: number, count: number): Tick[];
  /** A place in words. */
  say(place: number): string;
}

const MEASURES: Readonly<Record<Axis, Measure>> = {
  step: {
    title: 'Step',
    at: (_, step) => step,
    stepAt: (_, place) => place,
    ticks: (min, max, count) =>
      multiples(niceStep(Math.max(1, (max - min) / count)), min, max).map((at) => ({ at, label: whole(at) })),
    say: (place) => `Step ${whole(place)}`,
  },
  epoch: {
    title: 'Epoch',
    at: ({ clock }, step) => clock.epochAt(step),
    stepAt: ({ clock }, place) => clock.stepAtEpoch(place),
    ticks: (min, max, count) => linearTicks(min, max, count).map((at) => ({ at, label: tick(at) })),
    say: (place) => `Epoch ${Number(place.toFixed(3))}`,
  },
  relative: {
    title: 'Time of training',
    at: ({ clock }, step) => clock.elapsedAt(step),
    stepAt: ({ clock }, place) => clock.stepAtElapsed(place),
    ticks(min, max, count) {
      const step = timeStep((max - min) / count);
      return multiples(step, min, max).map((at) => ({ at, label: elapsed(at, step) }));
    },
    say: (place) => `After ${elapsed(place)}`,
  },
  wall: {
    title: 'Time of day',
    at: ({ clock }, step) => clock.timeAt(step),
    stepAt: ({ clock }, place) => clock.stepAtTime(place),
    ticks: wallTicks,
    say: (place) => `${dayOf(place)}, ${clockTime(place, true)}`,
  },
};

/** The horizontal axis of every chart: what it says, and which part of the runs it shows. */
export class TimeAxis {
  readonly #measure: Measure;
  readonly min: number;
  readonly max: number;

  constructor(
    readonly kind: Axis,
    private readonly runs: readonly Clocked[],
    /** The steps that are shown. */
    steps: StepRange,
  ) {
    this.#measure = MEASURES[kind];
    const ends = runs.flatMap((run) => steps.map((step) => this.at(run, Math.min(step, lastStep(run, kind)))));
    const known = ends.filter(Number.isFinite);
    const [min, max] = kind === 'step' || known.length === 0 ? steps : [Math.min(...known), Math.max(...known)];
    this.min = min;
    this.max = max > min ? max : min + 1;
  }

  get title(): string {
    return this.#measure.title;
  }

  /** Where a step of a run lies. */
  at(run: Clocked, step: number): number {
    return this.#measure.at(run, step);
  }

  /** The step of a run that lies there. */
  stepAt(run: Clocked, place: number): number {
    return this.#measure.stepAt(run, place);
  }

  /** A place from 0 at the left of the axis to 1 at its right. */
  share(place: number): number {
    return (place - this.min) / (this.max - this.min);
  }

  placeAt(share: number): number {
    return this.min + share * (this.max - this.min);
  }

  /** The steps of all runs that lie between two places. */
  steps(from: number, to: number): StepRange {
    if (this.kind === 'step' || this.runs.length === 0) return [from, to];
    const first = Math.min(...this.runs.map((run) => this.stepAt(run, from)));
    const last = Math.max(...this.runs.map((run) => this.stepAt(run, to)));
    return [first, last];
  }

  ticks(count: number): Tick[] {
    return this.#measure.ticks(this.min, this.max, count);
  }

  say(place: number): string {
    return this.#measure.say(place);
  }

  /** How long a run had trained when it was at a step, where the axis says no time. */
  sayTime({ clock }: Clocked, step: number): string | undefined {
    const saysTime = this.kind === 'relative' || this.kind === 'wall';
    return saysTime || !clock.runs ? undefined : elapsed(clock.elapsedAt(step));
  }

  /** What the axis does not say of a step of a run: when it was. */
  sayMore(run: Clocked, place: number): string[] {
    const step = Math.round(this.stepAt(run, place));
    const { clock } = run;
    const epoch = clock.epochAt(step);
    const time = clock.timeAt(step);
    const texts = [
      this.kind !== 'step' && `step ${whole(step)}`,
      this.kind !== 'epoch' && epoch > 0 && `epoch ${Number(epoch.toFixed(2))}`,
      this.kind !== 'relative' && Number.isFinite(time) && `after ${elapsed(clock.elapsedAt(step))}`,
      this.kind !== 'wall' && Number.isFinite(time) && clockTime(time, true),
    ];
    return texts.filter((text) => text !== false);
  }
}

/** The axis that all charts of a view share. */
export function axisOf(view: View): TimeAxis {
  return new TimeAxis(view.choices.axis, view.runs, view.domain);
}

/** A run that has not come so far ends where it stands: time after that is none of its own. */
function lastStep({ state }: Clocked, kind: Axis): number {
  return kind === 'step' ? Infinity : state.value.step;
}

/** At whole seconds, hours and days of where the page is looked at. */
function wallTicks(min: number, max: number, count: number): Tick[] {
  const step = timeStep(Math.max(1000, (max - min) / count));
  const midnight = new Date(min).setHours(0, 0, 0, 0);
  return multiples(step, min, max, midnight).map((at, i) => {
    const isDay = step >= DAY || (at - midnight) % DAY === 0;
    return { at, label: isDay || (i === 0 && max - min > DAY) ? dayOf(at) : clockTime(at, step < 60_000) };
  });
}
