import {
  FinerHistories,
  type Histories,
  type KeepsMore,
  ROWS_SHOWN,
  type RunChanges,
  type StepRange,
} from '../../page/history/index.js';

/** Bytes of the tables of all runs together, about: of 2,000 parameters, 200 columns. */
const TABLE_BYTES = 16 << 20;

/** What there is of each parameter where a model has too many for a page to have a row of each: it is asked for by name. */
export class LargeModels {
  readonly #finer = new FinerHistories(TABLE_BYTES);

  /** What keeps more of a run, by the name of its history. Of smaller models, and of series, a panel has what it shows. */
  readonly more = (run: string): KeepsMore => ({
    take: () => {},
    takeUpdates: (updates, layers) => {
      if (updates.names.length > ROWS_SHOWN) this.#finer.of(run).takeUpdates(updates, layers);
    },
    cutAfter: (step) => this.#finer.get(run)?.cutAfter(step),
  });

  /** All parameters and layers of a run; undefined of a smaller model. */
  namesOf(run: string) {
    return this.#finer.get(run)?.names;
  }

  /** What there is of some of them over some steps; undefined of a smaller model. */
  namedIn(run: string, range: StepRange, names: readonly string[], histories: Histories): RunChanges | undefined {
    const finer = this.#finer.get(run);
    const state = histories.runs.get(run)?.state.value;
    if (!finer || !state) return undefined;
    const step = Math.min(range.to, state.step);
    return { name: run, state: { ...state, step }, series: [], ...finer.namedIn(range, names) };
  }
}
