import type { MaybePromise } from './step-parameters.js';
import type { SumsPart, UpdateSums } from './update-sums.js';

/** The values of a set of parameters at one moment. Whoever holds them disposes them. */
export interface HeldValues {
  dispose(): void;
}

/**
 * The port through which parameters are measured, whatever keeps them: TensorFlow.js variables, plain arrays. An adapter
 * knows its values, and finds sums; it knows neither statistics nor names by which people ask.
 *
 * `Known` is what an optimizer may have found already while it updated, in the adapter's own form.
 */
export interface ParameterSource<Known = never> {
  /** One name a parameter. These lists are not changed by anyone, and may be given again at the next step. */
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
  /** What tells a parameter from all others, also from one that is called the same: see `StepParameters.ids`. */
  readonly ids: readonly (string | number)[];
  /** The values of now. They stay what they are, whatever happens to the parameters. */
  hold(): HeldValues;
  /**
   * What passes over the held and the present values find: all columns of the parts that are asked for, in the order of
   * the names. Held and present values are matched by identity, never by name; a parameter that was not held, or in
   * another shape or dtype, or that is gone, has NaN wherever both values are needed. `known` need not be measured again.
   * No promise where it is asked for `atOnce`, if there is a way.
   *
   * @throws TypeError for values that another kind of source holds.
   */
  sums(held: HeldValues, parts: readonly SumsPart[], known?: Known, atOnce?: boolean): MaybePromise<UpdateSums>;
}
