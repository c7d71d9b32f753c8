/** Values as backends keep them: float32, int32, or bool as bytes. */
export type Values = Float32Array | Int32Array | Uint8Array;

/** What one pass over old and new values finds. */
export interface UpdateSums {
  /** Σ(after − before)² */
  readonly updateSquares: number;
  /** Σbefore² */
  readonly weightSquares: number;
  /** max|after − before|, NaN if one is. */
  readonly maxAbsUpdate: number;
  /** How many elements are equal before and after; NaN equals nothing. */
  readonly unchanged: number;
  /** How many elements of `after` are NaN or infinite. */
  readonly nonFinite: number;
}

/** What an optimizer that measures while it updates finds in its one pass. */
export interface StepSums extends UpdateSums {
  /** Σgradient² */
  readonly gradientSquares: number;
}

/** The passes that run at every step. Both kernels give the same numbers to 1e-6 relative. */
export interface Kernel {
  readonly name: 'simd' | 'scalar';
  update(before: Values, after: Values): UpdateSums;
  /** Σx² */
  squares(values: Values): number;
}
