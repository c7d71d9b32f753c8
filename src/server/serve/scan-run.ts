import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { isTrainingEvent, missingField, type RunRecord } from '../../events/index.js';
import { decodeRecord } from '../../events/serial/index.js';
import { readLines, type Writer, writerIn } from '../../records/index.js';
import { cardAfter, EMPTY_CARD, type RunCard } from './run-card.js';

/** A file as far as it was read. */
export interface ScannedFile {
  /** Bytes: to the end of a line. */
  readonly size: number;
  /** Of its first bytes, by which a file is known again that has grown. */
  readonly head: string;
  /** Undefined for a file that is no recorded run. */
  readonly card: RunCard | undefined;
  /** Which of several processes that train one model together wrote it, where it says so. */
  readonly writer?: Writer | undefined;
}

const HEAD_BYTES = 512;
/** What tells of a run at a glance; the measurements of its parameters are most of a file, and are not decoded. */
const TELLING: ReadonlySet<string> = new Set(['train-begin', 'step-end', 'alert', 'train-end']);
const TYPE = /"type": ?"([\w-]+)"/;

/** A file of which nothing was read. */
export const UNREAD: ScannedFile = { size: 0, head: '', card: undefined };

/**
 * Read what a file has beyond what was read of it, in bounded memory; all of it, where it is another file by now.
 *
 * @throws Error for a file that cannot be read.
 */
export async function scanRun(path: string, before: ScannedFile = UNREAD): Promise<ScannedFile> {
  let { size, card, writer } = goesOn(path, before) ? before : UNREAD;
  for await (const { lines, torn } of readLines(createReadStream(path, { start: size }))) {
    if (torn) break;
    for (const line of lines) {
      size += Buffer.byteLength(line) + 1;
      if (line.trim() === '') continue;
      if (!card) writer = writerOf(line);
      card = afterLine(card, line.trimStart());
      if (!card) return { size, head: headOf(path, size), card };
    }
  }
  return { size, head: headOf(path, size), card, writer };
}

function goesOn(path: string, { size, head, card }: ScannedFile): boolean {
  return size > 0 && card !== undefined && headOf(path, size) === head;
}

function writerOf(firstLine: string): Writer | undefined {
  try {
    return writerIn(decodeRecord(firstLine));
  } catch {
    return undefined;
  }
}

/** Undefined where the first line is of no run. A line that is damaged later says nothing. */
function afterLine(card: RunCard | undefined, line: string): RunCard | undefined {
  const type = TYPE.exec(line.slice(0, HEAD_BYTES))?.[1];
  if (type === undefined || !line.startsWith('{')) return card;
  if (card && !TELLING.has(type)) return card;
  try {
    const record = decodeRecord(line) as { readonly type: string } as RunRecord;
    const told = isTrainingEvent(record) && missingField(record) === undefined;
    return told ? cardAfter(card ?? EMPTY_CARD, record) : (card ?? EMPTY_CARD);
  } catch {
    return card;
  }
}

/** Of the first bytes that were read: a file that only grows keeps it. */
export function headOf(path: string, size: number): string {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.min(size, HEAD_BYTES));
    const read = readSync(fd, bytes, 0, bytes.length, 0);
    return createHash('sha256').update(bytes.subarray(0, read)).digest('hex').slice(0, 16);
  } finally {
    closeSync(fd);
  }
}
