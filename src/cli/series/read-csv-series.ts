import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { describeValue, nearestHint, unguardText } from '../../events/index.js';
import { snakeCase } from '../../sinks/index.js';
import type { Input } from '../input.js';
import { SeriesByName, type StatisticSeries } from './series.js';
import { foreignDelimiter, WholeRows } from './whole-rows.js';

/** Takes the cells of a row; `where` says which it is. */
type RowReader = (cells: readonly string[], where: (column: number) => string) => void;

/**
 * The series of a CSV file, whatever its layout: `wide` and `tutorial` of `csvSink`, with the one statistic that they
 * hold and do not name; `long`, with the one that is asked for; those of Python's `csv.DictWriter` and of pandas.
 *
 * Without a column of steps, the first row is step 1. An empty cell is no point. A last row without its end is left out.
 */
export async function readCsvSeries(input: Input, asked?: string): Promise<StatisticSeries> {
  const { name: file, bytes } = input;
  const found = new SeriesByName();
  const whole = new WholeRows();
  let header: readonly string[] | undefined;
  let statistic: string | undefined;
  let take: RowReader = () => {};
  const rows = parse({ bom: true, info: true, skip_empty_lines: true });
  // What fails in one fails in the iteration.
  pipeline(Readable.from(whole.read(bytes)), rows, () => {});
  try {
    for await (const { record, info } of rows as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (header) take(record, (column) => `${file}, line ${info.lines}, column ${JSON.stringify(header![column])}`);
      else {
        header = record;
        statistic = isLong(header) ? longStatistic(header, asked) : refuseStatistic(file, asked);
        take = statistic === undefined ? wideRows(header, found) : longRows(header, statistic, found);
      }
    }
  } catch (cause) {
    throw explained(file, cause as NodeJS.ErrnoException, whole);
  }
  if (!header) {
    throw new Error(`${file}: expected a CSV file of updates, got ${whole.torn ? 'no whole line' : 'empty lines'}`);
  }
  return { statistic, series: found.all, torn: whole.torn };
}

function explained(file: string, cause: NodeJS.ErrnoException, { beginning }: WholeRows): Error {
  const delimiter = foreignDelimiter(beginning);
  if (delimiter) {
    return new Error(
      `${file}: expected cells that are separated by commas, got ${delimiter}; write it with commas, and with points in the numbers`,
      { cause },
    );
  }
  if (!cause.code?.startsWith('CSV_')) return cause;
  return new Error(`${file}: expected a recorded run or a CSV file of updates, got something else (${cause.message})`, {
    cause,
  });
}

function isLong(header: readonly string[]): boolean {
  return header.includes('step') && header.includes('parameter');
}

/** `step` of csvSink; pandas writes its index without a name. */
const STEP_COLUMNS: ReadonlySet<string> = new Set(['step', '', 'Unnamed: 0']);

function wideRows(header: readonly string[], found: SeriesByName): RowReader {
  const hasSteps = STEP_COLUMNS.has(header[0] ?? '') && header.length > 1;
  let row = 0;
  return (cells, where) => {
    row++;
    const step = hasSteps ? readNumber(cells[0]!, where(0)) : row;
    for (let i = hasSteps ? 1 : 0; i < header.length; i++) {
      const value = readNumber(cells[i]!, where(i));
      if (value !== undefined && step !== undefined) found.add(header[i]!, step, value);
    }
  };
}

/** A wide file holds one statistic and does not say which, so that none can be asked for. */
function refuseStatistic(file: string, asked: string | undefined): undefined {
  if (asked === undefined) return undefined;
  throw new RangeError(
    `statistic: expected none for ${file}, a CSV file that holds one and does not name it, got ${describeValue(asked)}; leave it out, or record the layout 'long' or a run (.jsonl)`,
  );
}

/** Columns of a long file that are no statistics of parameters. */
const CONTEXT: ReadonlySet<string> = new Set([
  ...['', 'Unnamed: 0', 'run', 'step', 'epoch', 'time', 'loss', 'learning_rate', 'parameter', 'size'],
]);

function longStatistic(header: readonly string[], asked: string | undefined): string {
  const there = header.filter((column) => !CONTEXT.has(column));
  const only = there.length === 1 ? there[0] : undefined;
  const statistic = asked ?? only ?? 'updateNorm';
  if (there.includes(snakeCase(statistic))) return statistic;
  throw new RangeError(
    `statistic: expected one of the file (${there.join(', ')}), got ${describeValue(statistic)}${nearestHint(snakeCase(statistic), there)}`,
  );
}

function longRows(header: readonly string[], statistic: string, found: SeriesByName): RowReader {
  const column = header.indexOf(snakeCase(statistic));
  const [step, parameter, run] = ['step', 'parameter', 'run'].map((name) => header.indexOf(name)) as [
    number,
    number,
    number,
  ];
  let firstRun: string | undefined;
  return (cells, where) => {
    const name = unguardText(cells[parameter]!);
    firstRun ??= cells[run];
    const at = readNumber(cells[step]!, where(step));
    const value = readNumber(cells[column]!, where(column));
    if (at === undefined || value === undefined) return;
    // Several runs in one file are told apart.
    found.add(run < 0 || cells[run] === firstRun ? name : `${cells[run]}: ${name}`, at, value);
  };
}

const NAMED: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Infinity,
  '+inf': Infinity,
  '-inf': -Infinity,
  infinity: Infinity,
  '-infinity': -Infinity,
};

/** A number as JavaScript, Python and R write it; undefined for an empty cell. */
export function readNumber(text: string, where: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const named = NAMED[trimmed.toLowerCase()];
  if (named !== undefined) return named;
  const value = Number(trimmed);
  if (Number.isNaN(value)) throw new Error(`${where}: expected a number, got ${JSON.stringify(text)}`);
  return value;
}
