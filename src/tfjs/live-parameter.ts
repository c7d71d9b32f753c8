import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { StepSums } from '../parameters/index.js';

/** A parameter of a step, as a source gives it. */
export interface LiveParameter {
  readonly name: string;
  readonly variable: Variable;
  /** Missing where no gradient reached it. */
  readonly gradient?: Tensor;
  /** What its change counts from, until it is disposed. Missing where that is its value before the update. */
  readonly since?: Tensor;
}

/** What an optimizer found while it updated, by the names of the variables, of which there is one each at a time. */
export type SumsByVariable = ReadonlyMap<string, StepSums>;
