import { guardText, textCell } from '../../../events/index.js';
import {
  type AnyParameterUpdates,
  columnOf,
  requireColumn,
  type Statistic,
  sameNames,
  statisticsOf,
} from '../../../parameters/index.js';
import { numeralsKernel, type RowTexts } from '../../kernels/numerals-kernel.js';
import { snakeCase } from '../../snake-case.js';
import { numeral } from './numeral.js';
import { pythonFloat } from './python-float.js';

/** How updates lie in a CSV file: see {@link csvSink}. */
export type CsvLayout = 'wide' | 'tutorial' | 'long';

export const CSV_LAYOUTS: readonly CsvLayout[] = ['wide', 'tutorial', 'long'];

/** The texts of a file whose columns the first updates have fixed. Every text is whole lines. */
export interface CsvEncoder {
  readonly columns: readonly string[];
  /** The line of the column names. */
  readonly header: string;
  /** @throws RangeError for updates that do not fit the columns. */
  encode(updates: AnyParameterUpdates): string;
  /** The same as bytes. @throws as `encode()`. */
  encodeBytes(updates: AnyParameterUpdates): Uint8Array;
}

/**
 * Fix the columns by the `first` updates of a stream, which are not encoded by this. `guarded`: names are written so that
 * spreadsheets and pandas take them for texts.
 */
export function csvEncoder(
  layout: CsvLayout,
  statistic: Statistic,
  first: AnyParameterUpdates,
  guarded = layout === 'long',
): CsvEncoder {
  const text = guarded ? guardedCell : textCell;
  if (layout === 'long') return longCsvEncoder(statisticsOf(first), text);
  const { names } = first;
  if (layout === 'wide') {
    return parameterEncoder(['step'], names, text, (updates, columns) => [
      numeral(updates.step),
      ...cells(updates, statistic, columns, numeral),
    ]);
  }
  return parameterEncoder([], names, text, (updates, columns) => cells(updates, statistic, columns, pythonFloat));
}

/** One column a parameter, one line a step. */
function parameterEncoder(
  leading: readonly string[],
  names: readonly string[],
  text: (value: string) => string,
  row: (updates: AnyParameterUpdates, names: readonly string[]) => readonly string[],
): CsvEncoder {
  const known = new Set(names);
  const encode = (updates: AnyParameterUpdates): string => {
    const strangers = updates.names.filter((name) => !known.has(name));
    if (strangers.length > 0) {
      throw new RangeError(
        `step ${updates.step} has parameters that have no column: ${strangers.join(', ')}; the rows before it are ` +
          "whole. Use layout: 'long', which takes parameters as they come",
      );
    }
    return line(row(updates, names));
  };
  const titles = [...leading, ...names.map(text)];
  return {
    columns: [...leading, ...names],
    header: line(titles),
    encode,
    encodeBytes: (updates) => Buffer.from(encode(updates)),
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

const guardedCell = (value: string): string => textCell(guardText(value));

/** One line a parameter and step, with these statistics. */
export function longCsvEncoder(
  statistics: readonly Statistic[],
  text: (value: string) => string = guardedCell,
): CsvEncoder {
  const columns = [...CONTEXT, ...statistics.map(snakeCase)];
  const headsOf = longHeads(text);
  const contextOf = ({ run, step, epoch, time, loss, lossShown, learningRate }: AnyParameterUpdates) => {
    const shown = lossShown === false ? undefined : loss;
    return [text(run), ...[step, known(epoch), time, shown, known(learningRate)].map(numeral)].join();
  };
  const pieces = (updates: AnyParameterUpdates): Generator<string> => {
    refuseStrangers(updates, statistics);
    const measured = statistics.map((statistic) => printed(columnOf(updates, statistic), updates.names.length));
    return rowsInPieces(contextOf(updates), headsOf(updates).texts(), measured);
  };
  return {
    columns,
    header: line(columns),
    encode: (updates) => [...pieces(updates)].join(''),
    encodeBytes(updates) {
      const kernel = numeralsKernel();
      const { length } = updates.names;
      const measured = statistics.flatMap((statistic) => columnOf(updates, statistic) ?? []);
      // Cells are empty where a step has fewer statistics.
      const isWhole = measured.length === statistics.length && measured.every((column) => column.length === length);
      if (!kernel || !isWhole) {
        return Buffer.concat(Array.from(pieces(updates), (piece) => Buffer.from(piece)));
      }
      refuseStrangers(updates, statistics);
      const texts = { ...headsOf(updates).bytes(), lead: Buffer.from(contextOf(updates)), tail: END_OF_LINE };
      return Buffer.concat(kernel(measured, length, texts));
    },
  };
}

const END_OF_LINE = new TextEncoder().encode('\r\n');

/** @throws RangeError for statistics that have no column. */
function refuseStrangers(updates: AnyParameterUpdates, statistics: readonly Statistic[]): void {
  const strangers = statisticsOf(updates).filter((statistic) => !statistics.includes(statistic));
  if (strangers.length === 0) return;
  throw new RangeError(
    `step ${updates.step} has statistics that have no column: ${strangers.join(', ')}; the rows before it are ` +
      'whole. Write streams of different statistics to different files',
  );
}

/** What the rows of some parameters have before their numbers, made once as long as they are the same. */
interface LongHeads {
  texts(): readonly string[];
  bytes(): Pick<RowTexts, 'heads' | 'headEnds'>;
}

function longHeads(text: (value: string) => string): (updates: AnyParameterUpdates) => LongHeads {
  let known: AnyParameterUpdates['names'] | undefined;
  let heads: LongHeads | undefined;
  return ({ names, sizes }) => {
    if (heads && known === names) return heads;
    const head = (name: string, i: number) => `,${text(name)},${numeral(sizes[i])}`;
    let texts: readonly string[] | undefined;
    let bytes: ReturnType<LongHeads['bytes']> | undefined;
    known = names;
    heads = {
      texts: () => (texts ??= names.map(head)),
      bytes: () => (bytes ??= bytesOf(names.map(head))),
    };
    return heads;
  };
}

function bytesOf(heads: readonly string[]): ReturnType<LongHeads['bytes']> {
  let end = 0;
  const headEnds = Uint32Array.from(heads, (head) => (end += Buffer.byteLength(head)));
  return { heads: Buffer.from(heads.join('')), headEnds };
}

/** Rows of one text: longer ones, put together of so many small ones, are slow to write out. */
const ROWS_A_PIECE = 256;

function* rowsInPieces(
  context: string,
  heads: readonly string[],
  measured: readonly ((i: number) => string)[],
): Generator<string> {
  for (let begin = 0; begin < heads.length; begin += ROWS_A_PIECE) {
    const end = Math.min(heads.length, begin + ROWS_A_PIECE);
    let rows = '';
    for (let i = begin; i < end; i++) {
      rows += context + heads[i];
      for (const print of measured) rows += print(i);
      rows += '\r\n';
    }
    yield rows;
  }
}

/** The cells of a column with a comma before each. One whose values are all the same is printed once. */
function printed(column: Float64Array | undefined, length: number): (i: number) => string {
  if (!column || length === 0) return () => ',';
  const first = column[0]!;
  if (column.every((value) => Object.is(value, first))) {
    const cell = `,${numeral(first)}`;
    return () => cell;
  }
  return (i) => `,${numeral(column[i])}`;
}

/** A row of RFC 4180. One empty cell is quoted, or readers would skip the line. */
const line = (cells: readonly string[]): string => `${cells.join() || '""'}\r\n`;

/** Undefined for a number that is NaN because the loop does not know it. */
const known = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);
