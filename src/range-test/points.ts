/** One update of a range test. */
export interface RangeTestPoint {
  /** The rate of the update. */
  readonly learningRate: number;
  /** Of the update's batch, before the update. */
  readonly loss: number;
  /** Of the same batch, with the weights that the test began with. */
  readonly firstLoss: number;
  /** How far the loss has come: `loss − firstLoss`, the mean of this update and its two neighbours. */
  readonly change: number;
  /** The median of the layers' update ratios; NaN where it was not measured. */
  readonly updateRatio: number;
}

/**
 * Why a range test ended: the loss `diverged` or became `not-finite`, the rate came to its `max`, or there was no more
 * data.
 */
export type RangeTestEnd = 'diverged' | 'not-finite' | 'highest-rate' | 'no-more-data';

/** What a range test saw. */
export interface RangeTest {
  /** In the order of the rates. */
  readonly points: readonly RangeTestPoint[];
  /** Why the test ended where it did. */
  readonly ended: RangeTestEnd;
}
