import { readSync } from 'node:fs';
import { decodeRecord } from '../../events/serial/index.js';
import { notOurs, type RecordFile } from '../files/record-file.js';

const LINE_FEED = 0x0a;
const HEAD_BYTES = 64 * 1024;

/** How every line of a recorded run begins. */
const BEGINNING = /^\{"v":\d+,"type":"/;
const SHORTEST_BEGINNING = '{"v":0,"type":"';

/** Whether a file that begins like this is a recorded run: also one that a kill has torn in its first line. */
export function isRecordedRun(head: Buffer): boolean {
  const text = head.toString('utf8', 0, 100);
  return BEGINNING.test(text) || SHORTEST_BEGINNING.startsWith(text.replace(/^\{"v":\d+/, '{"v":0'));
}

/**
 * Make a recorded run end with a whole line, to be continued: the end of line that a whole last record lacks is added, a
 * record that a kill has torn is cut away.
 *
 * @throws Error, before anything is changed, when the file is no recorded run, or of a form that is not known.
 */
export function endWithWholeLine(file: RecordFile, path: string): void {
  if (file.size === 0) return;
  const head = file.read(0, HEAD_BYTES);
  if (!isRecordedRun(head)) throw notOurs(path, 'continued');
  const whole = wholeJsonLines(file.fd, file.size);
  const first = head.indexOf(LINE_FEED);
  // A line longer than that is looked at when it is replayed.
  if (first >= 0) decodeFirst(head.toString('utf8', 0, first), path);
  if (whole === file.size) return;
  if (recordOf(file.read(whole, file.size - whole).toString())) file.append('\n');
  else file.truncate(whole);
}

/** The last record of a run that is in a file of whole lines; undefined where it has none. */
export function lastRecord(file: RecordFile): { readonly [field: string]: unknown } | undefined {
  for (let end = file.size; end > 0; ) {
    const begin = wholeJsonLines(file.fd, end - 1);
    const record = recordOf(file.read(begin, end - begin).toString());
    // Lines that list parameters are of no run.
    if (record && 'run' in record) return record;
    end = begin;
  }
  return undefined;
}

function decodeFirst(line: string, path: string): void {
  try {
    decodeRecord(line);
  } catch (cause) {
    throw new Error(
      `append: expected a recorded run that can be continued, got ${JSON.stringify(path)} (${(cause as Error).message})`,
      { cause },
    );
  }
}

function recordOf(line: string): ReturnType<typeof decodeRecord> | undefined {
  try {
    return decodeRecord(line);
  } catch {
    return undefined;
  }
}

/** The bytes of a file of `size` up to the end of its last whole line, found from its end. */
export function wholeJsonLines(fd: number, size: number): number {
  const block = Buffer.allocUnsafe(64 * 1024);
  for (let end = size; end > 0; ) {
    const begin = Math.max(0, end - block.length);
    const read = readSync(fd, block, 0, end - begin, begin);
    const at = block.subarray(0, read).lastIndexOf(LINE_FEED);
    if (at >= 0) return begin + at + 1;
    end = begin;
  }
  return 0;
}
