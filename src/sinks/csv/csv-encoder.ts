import { stringify } from 'csv-stringify/sync';
import { type AnyParameterUpdates, columnOf, statisticsOf } from '../../parameters/parameter-updates.js';
import type { Statistic } from '../../parameters/statistics.js';

/**
 * `wide`: `step`, then one column a parameter. `tutorial`: the same without `step`, as Python's `csv.DictWriter` writes a
 * list of `{ name: norm }`. `long`: one row a parameter and step, with every statistic; parameters may come and go.
 */
export type CsvLayout = 'wide' | 'tutorial' | 'long';

/** Updates to records of text, the header's first. */
export interface CsvEncoder {
  /** @throws Error when the updates do not fit the header. */
  encode(updates: AnyParameterUpdates): { readonly header: string; readonly rows: string };
}

export function csvEncoder(layout: CsvLayout, statistic: Statistic): CsvEncoder {
  return layout === 'long' ? new LongEncoder() : new WideEncoder(layout === 'wide', statistic);
}

class WideEncoder implements CsvEncoder {
  #names: readonly string[] | undefined;
  #header = '';
  /** The last names seen, which are nearly always the same array, and where each is in the header. */
  #seen: readonly string[] | undefined;
  #places: readonly number[] = [];

  constructor(
    private readonly withStep: boolean,
    private readonly statistic: Statistic,
  ) {}

  encode(updates: AnyParameterUpdates): { header: string; rows: string } {
    const column = columnOf(updates, this.statistic);
    if (!column) {
      throw new Error(
        `statistic: expected one that the updates have, ${statisticsOf(updates).join(', ')}; got ${JSON.stringify(this.statistic)}`,
      );
    }
    this.#names ??= this.#begin(updates.names);
    this.#locate(updates.names, this.#names, updates.step);
    const cells = new Array<string>(this.#names.length).fill('');
    this.#places.forEach((place, i) => {
      cells[place] = numeral(column[i]!);
    });
    return { header: this.#header, rows: record(this.withStep ? [String(updates.step), ...cells] : cells) };
  }

  #begin(names: readonly string[]): readonly string[] {
    this.#header = record(this.withStep ? ['step', ...names] : names);
    return [...names];
  }

  #locate(names: readonly string[], header: readonly string[], step: number): void {
    if (names === this.#seen) return;
    const added = names.filter((name) => !header.includes(name));
    if (added.length > 0) {
      throw new Error(
        `parameters: expected the ${header.length} that the header has, got also ${added.join(', ')} at step ${step}; rows up to there are kept; use { layout: 'long' } for parameters that come and go`,
      );
    }
    this.#places = names.map((name) => header.indexOf(name));
    this.#seen = names;
  }
}

const CONTEXT = ['run', 'step', 'epoch', 'time', 'loss', 'learning_rate', 'parameter', 'size'] as const;

class LongEncoder implements CsvEncoder {
  #statistics: readonly Statistic[] | undefined;

  encode(updates: AnyParameterUpdates): { header: string; rows: string } {
    this.#statistics ??= statisticsOf(updates);
    const columns = this.#statistics.map((statistic) => columnOf(updates, statistic));
    const { run, step, epoch, time, loss, learningRate } = updates;
    const context = [run, String(step), numeral(epoch), String(time), numeral(loss), numeral(learningRate)];
    const rows = updates.names.map((name, i) => [
      ...context,
      name,
      String(updates.sizes[i]),
      ...columns.map((column) => (column ? numeral(column[i]!) : '')),
    ]);
    return {
      header: record([...CONTEXT, ...this.#statistics]),
      rows: stringify(rows, { record_delimiter: 'windows' }),
    };
  }
}

function record(cells: readonly string[]): string {
  return stringify([[...cells]], { record_delimiter: 'windows' });
}

/** As Python and pandas spell them. */
function numeral(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'inf' : '-inf';
}
