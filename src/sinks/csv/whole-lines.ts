import { readSync } from 'node:fs';

/** What a CSV file has up to the end of its last whole row. */
export interface WholeLines {
  /** Bytes of the first row, its end of line included; 0 where there is none. */
  readonly headerSize: number;
  /** Bytes of all whole rows. What is behind has no end of line. */
  readonly size: number;
}

const QUOTE = 0x22;
const LINE_FEED = 0x0a;

/** Read through a CSV file for its rows' ends, in constant memory: a line feed within quotes does not end a row. */
export function wholeLines(fd: number): WholeLines {
  const block = Buffer.allocUnsafe(64 * 1024);
  let headerSize = 0;
  let size = 0;
  let quoted = false;
  for (let at = 0; ; ) {
    const read = readSync(fd, block, 0, block.length, at);
    if (read === 0) return { headerSize, size };
    for (let i = 0; i < read; i++) {
      if (block[i] === QUOTE) quoted = !quoted;
      else if (block[i] === LINE_FEED && !quoted) {
        size = at + i + 1;
        headerSize ||= size;
      }
    }
    at += read;
  }
}
