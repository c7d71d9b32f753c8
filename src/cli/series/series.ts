import type { Series } from '../../plot/index.js';

/** What a file of updates has of one statistic. */
export interface StatisticSeries {
  /** Such as `updateNorm`; undefined where the file does not say. */
  readonly statistic: string | undefined;
  readonly series: readonly Series[];
  /** A last row that has no end was left out. */
  readonly torn?: boolean;
}

/** Gathers points by name, in the order in which the names first come. */
export class SeriesByName {
  readonly #byName = new Map<string, { readonly name: string; readonly steps: number[]; readonly values: number[] }>();

  add(name: string, step: number, value: number): void {
    let series = this.#byName.get(name);
    if (!series) {
      series = { name, steps: [], values: [] };
      this.#byName.set(name, series);
    }
    series.steps.push(step);
    series.values.push(value);
  }

  get all(): readonly Series[] {
    return [...this.#byName.values()];
  }
}
