import { meanOf, pushBounded } from './window.js';

/** The least of a count in windows of steps, and how it grows from one to the next. Plain data. */
export interface WindowedGrowth {
  /** Steps a window. */
  readonly length: number;
  /** The window that is not full yet. */
  steps: number;
  least: number;
  /** The least of the last full window. */
  last?: number;
  /** The least before the growth that goes on now, the step at which that began, and its windows. */
  from: number;
  since: number;
  rises: number;
  /** By how much it rose at first, and lately. */
  readonly first: number[];
  readonly latest: number[];
  /** The most that was the least of a window, and how many windows have not been above it. */
  most: number;
  flat: number;
  leaking: boolean;
}

export interface GrowthLimits {
  /** Windows in a row that must rise, and that must not for it to be over. */
  readonly rises: number;
  /** Steps that the growth must go on for longer than. */
  readonly longerThan: number;
}

/** What the latest rises must be of the first ones: less is growth that comes to an end by itself. */
const STEADY = 0.95;

export function windowedGrowth(length: number): WindowedGrowth {
  return {
    length,
    steps: 0,
    least: 0,
    from: 0,
    since: 0,
    rises: 0,
    first: [],
    latest: [],
    most: 0,
    flat: 0,
    leaking: false,
  };
}

/** Take the count of a step. Gives for how many steps it had grown where most of that turns out to be freed, else 0. */
export function takeCount(growth: WindowedGrowth, count: number, step: number, limits: GrowthLimits): number {
  growth.least = growth.steps === 0 ? count : Math.min(growth.least, count);
  if (++growth.steps < growth.length) return 0;
  growth.steps = 0;
  const { last, least } = growth;
  growth.last = least;
  if (last === undefined) {
    growth.since = step + 1;
    growth.most = least;
    return 0;
  }
  return growth.leaking ? follow(growth, least, step, limits) : suspect(growth, last, least, step, limits);
}

function suspect(growth: WindowedGrowth, last: number, least: number, step: number, limits: GrowthLimits): number {
  if (least <= last) {
    restart(growth, step);
    return 0;
  }
  if (growth.rises === 0) growth.from = last;
  growth.rises++;
  if (growth.first.length < limits.rises) growth.first.push(least - last);
  pushBounded(growth.latest, least - last, Math.ceil(limits.rises / 2));
  const isLong = growth.rises >= limits.rises && growth.rises * growth.length > limits.longerThan;
  if (isLong && meanOf(growth.latest) >= STEADY * usual(growth.first)) {
    Object.assign(growth, { leaking: true, most: least, flat: 0 });
  }
  return 0;
}

function follow(growth: WindowedGrowth, least: number, step: number, { rises }: GrowthLimits): number {
  growth.rises++;
  growth.flat = least > growth.most ? 0 : growth.flat + 1;
  growth.most = Math.max(growth.most, least);
  // Most of it is enough: a loop may free what it held for an epoch, and leak besides.
  const isFreed = least - growth.from <= (growth.most - growth.from) / 2;
  if (!isFreed && growth.flat < rises) return 0;
  const grownFor = growth.rises * growth.length;
  restart(growth, step);
  return isFreed ? grownFor : 0;
}

function restart(growth: WindowedGrowth, step: number): void {
  Object.assign(growth, { rises: 0, first: [], latest: [], leaking: false, since: step + 1 });
}

/** The mean without the largest: a jump, as of a cache that is made once, is no pace. */
function usual(rises: readonly number[]): number {
  if (rises.length < 3) return meanOf(rises);
  return (rises.reduce((sum, rise) => sum + rise, 0) - Math.max(...rises)) / (rises.length - 1);
}
