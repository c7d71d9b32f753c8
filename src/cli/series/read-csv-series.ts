import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { parse } from 'csv-parse';
import { describeValue, nearestHint } from '../../events/check-option.js';
import { unguardText } from '../../sinks/csv/text-cell.js';
import { wholeLines } from '../../sinks/csv/whole-lines.js';
import { snakeCase } from '../../sinks/snake-case.js';
import { SeriesByName, type StatisticSeries } from './series.js';

/** Takes the cells of a row; `where` says which it is. */
type RowReader = (cells: readonly string[], where: (column: number) => string) => void;

/**
 * The series of a CSV file, whatever its layout: `wide` and `tutorial` of `csvSink`, with the one statistic that they
 * hold; `long`, with the one that is asked for; those of Python's `csv.DictWriter` and of pandas.
 *
 * Without a column of steps, the first row is step 1. An empty cell is no point. A last row that a kill has torn is left
 * out.
 */
export async function readCsvSeries(file: string, statistic?: string): Promise<StatisticSeries> {
  const found = new SeriesByName();
  let header: readonly string[] | undefined;
  let take: RowReader = () => {};
  const rows = createReadStream(file, { end: Math.max(0, wholeSize(file) - 1) }).pipe(
    parse({ bom: true, info: true, skip_empty_lines: true }),
  );
  try {
    for await (const { record, info } of rows as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (header) take(record, (column) => `${file}, line ${info.lines}, column ${JSON.stringify(header![column])}`);
      else {
        header = record;
        take = isLong(header) ? longRows(header, statistic ?? 'updateNorm', found) : wideRows(header, found);
      }
    }
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException;
    if (code === undefined || message.startsWith(file)) throw cause;
    throw new Error(`${file}: expected a CSV file of updates, got something else (${message})`, { cause });
  }
  if (!header) throw new Error(`${file}: expected a CSV file of updates, got an empty file`);
  return { statistic: isLong(header) ? (statistic ?? 'updateNorm') : statistic, series: found.all };
}

/** Where rows end with CR LF, as csvSink and Python write them, a last one that does not is torn. */
function wholeSize(file: string): number {
  const fd = openSync(file, 'r');
  try {
    const { headerSize, size } = wholeLines(fd);
    const end = Buffer.alloc(2);
    readSync(fd, end, 0, 2, Math.max(0, headerSize - 2));
    return headerSize > 0 && end.toString() === '\r\n' ? size : fstatSync(fd).size;
  } finally {
    closeSync(fd);
  }
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

function longRows(header: readonly string[], statistic: string, found: SeriesByName): RowReader {
  const column = header.indexOf(snakeCase(statistic));
  if (column < 0) {
    throw new RangeError(
      `statistic: expected a column of the file (${header.join(', ')}), got ${describeValue(statistic)}${nearestHint(snakeCase(statistic), header)}`,
    );
  }
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
