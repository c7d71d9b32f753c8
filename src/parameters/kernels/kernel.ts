import type { SumsWith } from '../update-sums.js';

/** Values as those who keep them keep them: float32, int32, bytes, or what arrays there are. */
export type Values = ArrayLike<number>;

/** What an optimizer that measures while it updates finds of one parameter in its one pass. */
export interface StepSums {
  /** Σ(after − before)² */
  readonly updateSquares: number;
  /** Σbefore² */
  readonly weightSquares: number;
  /** Σgradient² */
  readonly gradientSquares: number;
  /** max|after − before|, NaN if one is. */
  readonly maxAbsUpdate: number;
  /** How many elements are equal before and after; NaN equals nothing. */
  readonly unchanged: number;
  /** How many elements of `after` are NaN or infinite. */
  readonly nonFinite: number;
}

/** What one pass over the old and the new values of one parameter finds. */
export type PassedSums = Omit<StepSums, 'gradientSquares'>;

/** The columns that a pass over old and new values fills. */
export type PassSums = SumsWith<'norms' | 'extremes'>;

/** The passes that run at every step. Both kernels give the same numbers to 1e-6 relative. */
export interface Kernel {
  readonly name: 'simd' | 'scalar';
  /**
   * Write the sums of one parameter's old and new values into the columns, at `at`.
   *
   * @throws RangeError when there are not as many of both.
   */
  update(before: Values, after: Values, into: PassSums, at: number): void;
  /** Σx² */
  squares(values: Values): number;
}

/** A kernel that goes by one length must not be given two: it would read what is not its own. */
export function checkLengths(before: Values, after: Values): void {
  if (before.length === after.length) return;
  throw new RangeError(
    `values: expected as many before as after, got ${before.length} and ${after.length}; they are not of one parameter`,
  );
}
