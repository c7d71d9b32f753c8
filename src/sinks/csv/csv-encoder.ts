import { type AnyParameterUpdates, columnOf, statisticsOf } from '../../parameters/parameter-updates.js';
import { requireColumn } from '../../parameters/require-column.js';
import { sameNames } from '../../parameters/same-names.js';
import type { Statistic } from '../../parameters/statistics.js';
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
      numeral(updates.step),
      ...cells(updates, statistic, columns, numeral),
    ]);
  }
  return parameterEncoder([], names, (updates, columns) => cells(updates, statistic, columns, pythonFloat));
}

/** One column a parameter, one line a step. */
function parameterEncoder(
  leading: readonly string[],
  names: readonly string[],
  row: (updates: AnyParameterUpdates, names: readonly string[]) => readonly string[],
): CsvEncoder {
  const known = new Set(names);
  const columns = [...leading, ...names];
  return {
    columns,
    header: line(columns.map(text)),
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

/** The statistic of each of `names` by `print`, empty for those that this step does not have. */
function cells(
  updates: AnyParameterUpdates,
  statistic: Statistic,
  names: readonly string[],
  print: (value: number) => string,
): string[] {
  const column = requireColumn(updates, statistic, 'csvSink()');
  if (sameNames(updates.names, names)) return Array.from(column, print);
  const byName = new Map(updates.names.map((name, i) => [name, print(column[i]!)]));
  return names.map((name) => byName.get(name) ?? '');
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
      const { run, step, epoch, time, loss, learningRate, names, sizes } = updates;
      const context = [text(run), ...[step, epoch, time, loss, learningRate].map(numeral)].join();
      const measured = statistics.map((statistic) => columnOf(updates, statistic));
      return names
        .map((name, i) =>
          line([context, text(name), numeral(sizes[i]), ...measured.map((column) => numeral(column?.[i]))]),
        )
        .join('');
    },
  };
}

/** A row of RFC 4180. One empty cell is quoted, or readers would skip the line. */
const line = (cells: readonly string[]): string => `${cells.join() || '""'}\r\n`;

/** A text as a cell: quoted where it has what ends a cell or a row for any reader. */
const text = (value: string): string => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** A number as a cell, as Python, numpy and R read it; empty where there is none. */
function numeral(value: number | undefined): string {
  if (value === undefined) return '';
  return Number.isFinite(value) ? String(value) : String(value).replace('Infinity', 'inf');
}
