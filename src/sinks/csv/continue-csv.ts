import { parse } from 'csv-parse/sync';
import { notOurs, type RecordFile } from '../files/record-file.js';
import type { CsvEncoder } from './encoder/csv-encoder.js';
import { wholeLines } from './whole-lines.js';

/**
 * Whether a file that begins like this is one of `csvSink`, whatever its layout. One of the layout `tutorial` is known by
 * its numbers alone: a second row of as many as there are columns, as Python prints them.
 */
export function isUpdatesCsv(head: Buffer): boolean {
  const text = head.toString();
  const first = text.slice(0, 20);
  if (
    ['step,', 'step\r\n', 'run,step,epoch,time,'].some(
      (columns) => columns.startsWith(first) || text.startsWith(columns),
    )
  )
    return true;
  try {
    const [header = [], row] = parse(text.slice(0, text.lastIndexOf('\r\n') + 2), { to: 2, record_delimiter: '\r\n' });
    return row !== undefined && row.length === header.length && row.every((cell) => PYTHON_NUMBER.test(cell));
  } catch {
    return false;
  }
}

const PYTHON_NUMBER = /^(?:|nan|-?inf|-?\d+\.\d+|-?\d(?:\.\d+)?e[+-]\d\d+)$/;

/**
 * Make a file end with a whole row, to be continued by rows of `fixed`: the end of line that a whole last row lacks is
 * added, a row that a kill has torn is cut away.
 *
 * @throws Error, before anything is changed, when the columns are others or the file is none of this sink.
 */
export function continueCsv(file: RecordFile, path: string, fixed: Pick<CsvEncoder, 'columns' | 'header'>): void {
  const { headerSize, size } = wholeLines(file.fd);
  if (headerSize === 0) {
    const torn = file.read(0, file.size).toString();
    if (!fixed.header.startsWith(torn)) throw notOurs(path, 'continued');
    file.truncate(0);
    return;
  }
  const header = file.read(0, headerSize).toString();
  if (header !== fixed.header) throw differentColumns(path, header, fixed.columns);
  const rest = file.read(size, file.size - size).toString();
  if (rest === '') return;
  if (isWholeRow(rest, fixed.columns.length, file.size)) file.append(rest.endsWith('\r') ? '\n' : '\r\n');
  else file.truncate(size);
}

const BLOCK_BYTES = 512;

/**
 * Whether a last row without its end of line is whole: an editor may have taken the end away, or a kill may have torn the
 * row. A torn one lacks columns, but for one that is torn in its last number; writes are torn between two blocks.
 */
function isWholeRow(row: string, columns: number, fileSize: number): boolean {
  if (fileSize % BLOCK_BYTES === 0 && !row.endsWith('\r')) return false;
  try {
    const [cells = []] = parse(row, { record_delimiter: ['\r\n', '\r'] });
    return cells.length === columns;
  } catch {
    return false;
  }
}

function differentColumns(path: string, header: string, columns: readonly string[]): RangeError {
  const [existing = []] = parse(header, { relax_quotes: true });
  const missing = columns.filter((column) => !existing.includes(column));
  const gone = existing.filter((column) => !columns.includes(column));
  const difference = [
    missing.length > 0 && `the file does not have ${missing.join(', ')}`,
    gone.length > 0 && `this run does not have ${gone.join(', ')}`,
  ].filter(Boolean);
  return new RangeError(
    `append: expected the columns of ${JSON.stringify(path)}, got others (${difference.join('; ') || 'they are in another order'}); ` +
      'choose another path, or leave append out to replace the file',
  );
}
