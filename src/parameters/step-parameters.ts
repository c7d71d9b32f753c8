import type { Comparison, Measure, Statistic } from './statistics.js';

/** A value now, or later where the device has to be waited for (WebGL, WebGPU). */
export type MaybePromise<T> = T | Promise<T>;

/**
 * The values of a set of parameters at one moment, held by reference: no copy is made on backends whose `assign` swaps
 * tensors. It owns tensors, so whoever takes one disposes it.
 */
export interface Snapshot {
  /** The parameters whose values it holds. */
  readonly names: readonly string[];
  /** Let go of the values: nothing can be compared with them afterwards. */
  dispose(): void;
}

/**
 * The parameters of one step, live while the event that carries them is delivered.
 *
 * Measuring is shared: subscribers that ask for the same statistics of the same step cost one pass.
 */
export interface StepParameters {
  /** One name a parameter, in the order in which the optimizer got their gradients. The lists are frozen. */
  readonly names: readonly string[];
  /** The shape of each parameter. */
  readonly shapes: readonly (readonly number[])[];
  /** The number of elements of each parameter. */
  readonly sizes: readonly number[];
  /**
   * What tells each parameter from all others of the run, as long as it lives: names may be given again to another, and
   * two parameters of one step may be called the same.
   */
  readonly ids: readonly (string | number)[];
  /** The values of this moment. The caller disposes it. Snapshots of one moment share their tensors. */
  snapshot(): Snapshot;
  /**
   * The change from `before` to the values of now, matched by `ids`. A parameter that `before` does not have, or has in
   * another shape or dtype, or that was disposed, is measured as NaN in every statistic that needs both. The columns are
   * the caller's own.
   * A promise only on backends where a blocking read would stall a device; the tensors it needs are held until it
   * settles.
   */
  compare<S extends Statistic>(before: Snapshot, measure: Measure<S>): MaybePromise<Comparison<S>>;
}
