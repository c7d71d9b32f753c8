import { isUtf8 } from 'node:buffer';

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';

/** What of a file is whole: the lines of one block. */
export interface Lines {
  readonly lines: readonly string[];
  /** The number of the first, from 1. */
  readonly firstNumber: number;
  /** The byte at which the first begins, and that behind the last and its end. */
  readonly begin: number;
  readonly end: number;
  /** Those of the lines, by their place, that are not UTF-8. */
  readonly notUtf8: ReadonlySet<number>;
  /** The last of them is what the file ends with, without an end of line. */
  readonly torn?: boolean;
}

/** The lines of a file of text, a block at a time: the next is read when it is asked for. Memory: a block and a line. */
export async function* readLines(blocks: AsyncIterable<Buffer>): AsyncGenerator<Lines> {
  let firstNumber = 1;
  let begin = 0;
  let rest: Buffer[] = [];
  for await (const block of blocks) {
    const end = block.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      const bytes = Buffer.concat([...rest, block.subarray(0, end - 1)]);
      const found = { ...linesOf(bytes, firstNumber), begin, end: begin + bytes.length + 1 };
      yield found;
      firstNumber += found.lines.length;
      begin = found.end;
      rest = [];
    }
    if (end < block.length) rest.push(block.subarray(end));
  }
  if (rest.length === 0) return;
  const bytes = Buffer.concat(rest);
  yield { ...linesOf(bytes, firstNumber), begin, end: begin + bytes.length, torn: true };
}

function linesOf(bytes: Buffer, firstNumber: number): Pick<Lines, 'lines' | 'firstNumber' | 'notUtf8'> {
  // With a byte order mark, which files have that were put together of others, too.
  const lines = bytes
    .toString()
    .split('\n')
    .map((line) => (line.startsWith(BYTE_ORDER_MARK) ? line.slice(1) : line));
  return { lines, firstNumber, notUtf8: isUtf8(bytes) ? NONE : linesNotUtf8(bytes) };
}

const NONE: ReadonlySet<number> = new Set();

function linesNotUtf8(bytes: Buffer): ReadonlySet<number> {
  const found = new Set<number>();
  for (let begin = 0, i = 0; begin <= bytes.length; i++) {
    const feed = bytes.indexOf(LINE_FEED, begin);
    const end = feed < 0 ? bytes.length : feed;
    if (!isUtf8(bytes.subarray(begin, end))) found.add(i);
    begin = end + 1;
  }
  return found;
}
