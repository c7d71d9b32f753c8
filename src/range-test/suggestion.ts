import { shortNumber } from '../events/index.js';
import { medianOf } from '../parameters/index.js';
import type { RangeTest, RangeTestPoint } from './points.js';

/** Rates that rules of thumb take from the test. */
export interface RangeTestRates {
  /** Where the loss is lowest before it first rises above what it began with: too high to train at. */
  readonly lowest: number;
  /** Where the loss falls fastest, by decade of the rate. */
  readonly steepest: number;
  /** At which the median layer moves by 3 % of its norm in the first update; NaN where that was not measured. */
  readonly updateRatio: number;
}

/** A range test that found a rate. */
export interface SuggestedLearningRate extends RangeTest {
  /** True where there is a rate to suggest: tells the two kinds of result apart. */
  readonly found: true;
  /** With two digits. */
  readonly learningRate: number;
  /** `update-ratio`: it is `rates.updateRatio`; `loss`: that is too high, so it is a fifth of `rates.lowest`. */
  readonly by: 'update-ratio' | 'loss';
  /** The rates that the suggestion was made of. */
  readonly rates: RangeTestRates;
}

/** A range test that found none. */
export interface NoLearningRate extends RangeTest {
  /** False where the test shows none: tells the two kinds of result apart. */
  readonly found: false;
  /** `not-finite`: the loss was not, from the first update on; `no-fall`: it did not fall at any rate. */
  readonly reason: 'not-finite' | 'no-fall';
  /** The reason in words, and what to look at. */
  readonly message: string;
}

/** What came of a range test. */
export type LearningRateSuggestion = SuggestedLearningRate | NoLearningRate;

/** Where the update ratio does not help, the suggested rate is this share of the one at which the loss is lowest. */
const SHARE = 0.2;
/** Beyond so many times the rate at which the loss is lowest, the update ratio says nothing of what the loss bears. */
const TOO_HIGH = 2;
/** Less of a fall, as a share of the loss, is none. */
const LEAST_FALL = 2e-3;
/** Less of a rise is none. */
const LEAST_RISE = 0.05;
/** Nor is one that is not so many times what the loss does by chance. */
const DEVIATIONS = 3;
/** Of the median layer, in the first update of trainings that go well. */
const RATIO = 0.03;
/** Up to here an update's ratio is proportional to its rate. */
const SMALL_RATIO = 0.01;
/** The share of the test at whose rates nothing is learned yet. */
const BEGINNING = 0.1;

/**
 * Say what a range test says of the rate to train at: the one at which the median layer moves by 3 % of its norm, unless
 * the loss does not bear it. docs/learning-rate.md has what that is worth on seven problems, and other rules beside it.
 */
export function suggestionOf(test: RangeTest): LearningRateSuggestion {
  const points = test.points.filter(({ change }) => Number.isFinite(change));
  const [first] = points;
  if (!first) return { ...test, found: false, reason: 'not-finite', message: NOT_FINITE };
  const lowest = beforeRise(points).reduce((least, point) => (point.change < least.change ? point : least), first);
  if (-lowest.change < leastChange(points, LEAST_FALL))
    return { ...test, found: false, reason: 'no-fall', message: noFall(test) };
  const byRatio = rateOfRatio(points);
  const isBorne = byRatio <= TOO_HIGH * lowest.learningRate;
  return {
    ...test,
    found: true,
    learningRate: Number((isBorne ? byRatio : SHARE * lowest.learningRate).toPrecision(2)),
    by: isBorne ? 'update-ratio' : 'loss',
    rates: { lowest: lowest.learningRate, steepest: steepest(points, lowest), updateRatio: byRatio },
  };
}

/** Up to where the loss first rises: what falls later falls by a chance that no training should take. */
function beforeRise(points: readonly RangeTestPoint[]): readonly RangeTestPoint[] {
  const most = leastChange(points, LEAST_RISE);
  const risen = points.findIndex(({ change }) => change > most);
  return risen < 0 ? points : points.slice(0, risen);
}

/** What is a change of the loss: so large a share of it, and more than it does by chance at rates that are next to nothing. */
function leastChange(points: readonly RangeTestPoint[], share: number): number {
  const size = points.reduce((sum, { firstLoss }) => sum + Math.abs(firstLoss), 0) / points.length;
  const beginning = points.slice(0, Math.ceil(BEGINNING * points.length));
  const chance = Math.sqrt(beginning.reduce((sum, { change }) => sum + change ** 2, 0) / beginning.length);
  return Math.max(share * size, DEVIATIONS * chance);
}

function steepest(points: readonly RangeTestPoint[], lowest: RangeTestPoint): number {
  const until = points.slice(0, points.indexOf(lowest) + 1);
  let found = until[0]!;
  let fastest = 0;
  for (let i = 1; i < until.length; i++) {
    const fall = until[i]!.change - until[i - 1]!.change;
    if (fall >= fastest) continue;
    fastest = fall;
    found = until[i]!;
  }
  return found.learningRate;
}

function rateOfRatio(points: readonly RangeTestPoint[]): number {
  const perRate = points
    .filter(({ updateRatio }) => updateRatio > 0 && updateRatio < SMALL_RATIO)
    .map(({ learningRate, updateRatio }) => updateRatio / learningRate);
  return RATIO / medianOf(perRate);
}

const NOT_FINITE =
  'the loss is not finite with the weights that the test began with: look at the data for values that are not, and at the loss for a logarithm or a division of zero';

function noFall({ points, ended }: RangeTest): string {
  const highest = points.at(-1)!;
  const upTo = `the loss did not fall at any rate up to ${shortNumber(highest.learningRate)}`;
  if (points.every(({ updateRatio }) => updateRatio === 0)) {
    return `${upTo}, since no parameter moved: look whether any is trainable, and whether gradients arrive`;
  }
  return ended === 'diverged'
    ? `${upTo}, where it diverged: a model that has learned already has nowhere to fall to; else look at the labels, and at the sign of the loss`
    : `${upTo}: give it more steps or a higher max; else look at the labels, and at which parameters are trainable`;
}
