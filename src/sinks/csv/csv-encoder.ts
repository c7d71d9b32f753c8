import { stringify } from 'csv-stringify/sync';
import { type AnyParameterUpdates, columnOf, statisticsOf } from '../../parameters/parameter-updates.js';
import type { Statistic } from '../../parameters/statistics.js';
import { requireColumn } from '../require-column.js';
import { snakeCase } from '../snake-case.js';
import { pythonFloat } from './python-float.js';

export const CSV_LAYOUTS = ['wide', 'tutorial', 'long'] as const;

/** How updates lie in a CSV file: see {@link csvSink}. */
export type CsvLayout = (typeof CSV_LAYOUTS)[number];

/** The texts of a file whose columns the first updates have fixed. Every text is whole lines. */
export interface CsvEncoder {
  readonly columns: readonly string[];
  /** The line of the column names. */
  readonly header: string;
  /** @throws RangeError for updates that do not fit the columns. */
  encode(updates: AnyParameterUpdates): string;
}

/** Fix the columns by the `first` updates of a stream, which are not encoded by this. */
export function csvEncoder(layout: CsvLayout, statistic: Statistic, first: AnyParameterUpdates): CsvEncoder {
  if (layout === 'long') return longEncoder(statisticsOf(first));
  const { names } = first;
  if (layout === 'wide') {
    return parameterEncoder(['step'], names, (updates, columns) => [
      updates.step,
      ...cells(updates, statistic, columns),
    ]);
  }
  return parameterEncoder([], names, (updates, columns) =>
    cells(updates, statistic, columns).map((value) => (value === undefined ? value : pythonFloat(value))),
  );
}

type Cell = string | number | undefined;

/** One column a parameter, one line a step. */
function parameterEncoder(
  leading: readonly string[],
  names: readonly string[],
  row: (updates: AnyParameterUpdates, names: readonly string[]) => readonly Cell[],
): CsvEncoder {
  const known = new Set(names);
  const columns = [...leading, ...names];
  return {
    columns,
    header: line(columns),
    encode(updates) {
      const strangers = updates.names.filter((name) => !known.has(name));
      if (strangers.length > 0) {
        throw new RangeError(
          `step ${updates.step} has parameters that have no column: ${strangers.join(', ')}; the rows before it are ` +
            "whole. Use layout: 'long', which takes parameters as they come",
        );
      }
      return line(row(updates, names));
    },
  };
}

/** The statistic of each of `names`, undefined for those that this step does not have. */
function cells(updates: AnyParameterUpdates, statistic: Statistic, names: readonly string[]): (number | undefined)[] {
  const column = requireColumn(updates, statistic);
  if (sameNames(updates.names, names)) return Array.from(column);
  const byName = new Map(updates.names.map((name, i) => [name, column[i]]));
  return names.map((name) => byName.get(name));
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]));
}

const CONTEXT = ['run', 'step', 'epoch', 'time', 'loss', 'learning_rate', 'parameter', 'size'] as const;

/** One line a parameter and step. */
function longEncoder(statistics: readonly Statistic[]): CsvEncoder {
  const columns = [...CONTEXT, ...statistics.map(snakeCase)];
  return {
    columns,
    header: line(columns),
    encode(updates) {
      const strangers = statisticsOf(updates).filter((statistic) => !statistics.includes(statistic));
      if (strangers.length > 0) {
        throw new RangeError(
          `step ${updates.step} has statistics that have no column: ${strangers.join(', ')}; the rows before it are ` +
            'whole. Write streams of different statistics to different files',
        );
      }
      const { run, step, epoch, time, loss, learningRate, sizes } = updates;
      const context = [run, step, epoch, time, loss, learningRate];
      const measured = statistics.map((statistic) => columnOf(updates, statistic));
      return lines(
        updates.names.map((name, i) => [...context, name, sizes[i], ...measured.map((column) => column?.[i])]),
      );
    },
  };
}

const line = (row: readonly Cell[]): string => lines([row]);

/** RFC 4180. A line of one empty cell is quoted, or readers would skip it. */
function lines(rows: readonly (readonly Cell[])[]): string {
  return stringify(rows as Cell[][], {
    record_delimiter: 'windows',
    // The library quotes a field that has CR LF; a CR or an LF alone would end the row for many readers too.
    quoted_match: /[\r\n]/,
    quoted_empty: rows[0]?.length === 1,
    cast: { number: numeral },
  });
}

/** As Python, numpy and R read them. */
function numeral(value: number): string {
  return String(value).replace('Infinity', 'inf');
}
