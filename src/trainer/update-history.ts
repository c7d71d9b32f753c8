import { createParameterUpdates, type ParameterUpdates } from '../parameters/index.js';

/** The update norms of every step: one `Float64Array` a step. */
export class UpdateHistory {
  #names: readonly string[] = [];
  #sizes: readonly number[] = [];
  #rows: Float64Array[] = [];

  get names(): readonly string[] {
    return this.#names;
  }

  /** Elements of each parameter. */
  get sizes(): readonly number[] {
    return this.#sizes;
  }

  get rows(): readonly Float64Array[] {
    return this.#rows;
  }

  /** Begin anew, with these parameters and the rows of the steps that have been made. */
  begin(names: readonly string[], sizes: readonly number[], rows: readonly Float64Array[] = []): void {
    this.#names = names;
    this.#sizes = sizes;
    this.#rows = [...rows];
  }

  /** The norms of a step, in an array that nobody else has. */
  add(updateNorms: Float64Array): void {
    this.#rows.push(updateNorms);
  }

  /** Each step as a measurement that sinks take. */
  *updates(run: string): Generator<ParameterUpdates<'updateNorm'>> {
    for (const [i, updateNorm] of this.#rows.entries()) {
      yield createParameterUpdates({
        run,
        step: i + 1,
        epoch: Number.NaN,
        time: Number.NaN,
        loss: Number.NaN,
        learningRate: Number.NaN,
        names: this.#names,
        sizes: this.#sizes,
        columns: { updateNorm },
        histograms: {},
      });
    }
  }
}
