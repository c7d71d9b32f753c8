import type { RangeTest, RangeTestEnd, RangeTestPoint } from './points.js';

/** What an update's loss counts in the mean that says whether the loss diverges. */
const NEW = 0.2;
/** A rise by this share of the loss is a divergence, unless the fall before it was larger. */
const RISE = 0.25;

/** The rates of a range test: as many, from the lowest to the highest, each the same multiple of the one before. */
export function risingRates(min: number, max: number, steps: number): readonly number[] {
  return Array.from({ length: steps }, (_, step) => min * (max / min) ** (step / (steps - 1)));
}

/** Gathers the points of a range test, and sees when it should end. */
export class RangeTestRecorder {
  readonly #points: Pick<RangeTestPoint, 'learningRate' | 'loss' | 'firstLoss'>[] = [];
  #mean = 0;
  #weight = 0;
  #lowest = 0;
  #firstLosses = 0;
  #ended: RangeTestEnd = 'highest-rate';

  /** Take an update's losses. Says whether the test should go on. */
  add(learningRate: number, loss: number, firstLoss: number): boolean {
    this.#points.push({ learningRate, loss, firstLoss });
    const difference = loss - firstLoss;
    if (!Number.isFinite(difference)) return this.end('not-finite');
    this.#mean += NEW * (difference - this.#mean);
    this.#weight += NEW * (1 - this.#weight);
    const change = this.#mean / this.#weight;
    this.#lowest = Math.min(this.#lowest, change);
    this.#firstLosses += Math.abs(firstLoss);
    const allowed = Math.max(-this.#lowest, (RISE * this.#firstLosses) / this.#points.length);
    return change > allowed ? this.end('diverged') : true;
  }

  /** The test ends here. */
  end(why: RangeTestEnd): false {
    this.#ended = why;
    return false;
  }

  /** What was seen, with the update ratios by step. */
  result(updateRatios: ReadonlyMap<number, number>): RangeTest {
    const points = this.#points.map((point, step) => ({
      ...point,
      change: this.#changeAt(step),
      updateRatio: updateRatios.get(step) ?? Number.NaN,
    }));
    return { points, ended: this.#ended };
  }

  /** The mean of three, so that one batch alone says little; on both sides, so that it does not lag behind. */
  #changeAt(step: number): number {
    const near = this.#points.slice(Math.max(0, step - 1), step + 2);
    return near.reduce((sum, { loss, firstLoss }) => sum + loss - firstLoss, 0) / near.length;
  }
}
