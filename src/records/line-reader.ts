import { type FileHandle, open } from 'node:fs/promises';

const BLOCK_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

/** What of a file is whole: the lines of one block. */
export interface Lines {
  readonly lines: readonly string[];
  /** The number of the first, from 1. */
  readonly firstNumber: number;
  /** The last of them is what the file ends with, without an end of line. */
  readonly torn?: boolean;
  /** The file has been replaced, and these are its first lines. */
  readonly restarted?: boolean;
}

export interface LineReaderOptions {
  /** Wait at the end for what is still written. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Between two looks at a file that has no more. */
  readonly pollMs: number;
}

/** The lines of a file, a block at a time: the next is read when it is asked for. Memory: a block and a line. */
export async function* readLines(path: string, { follow, signal, pollMs }: LineReaderOptions): AsyncGenerator<Lines> {
  const file = await openFile(path);
  try {
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    let position = 0;
    let firstNumber = 1;
    let rest: Buffer[] = [];
    let restarted = false;
    while (!signal.aborted) {
      const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, position);
      if (bytesRead > 0) {
        position += bytesRead;
        const end = block.subarray(0, bytesRead).lastIndexOf(LINE_FEED) + 1;
        if (end > 0) {
          const lines = linesOf(rest, block.subarray(0, end));
          yield { lines, firstNumber, ...(restarted && { restarted }) };
          firstNumber += lines.length;
          restarted = false;
          rest = [];
        }
        if (end < bytesRead) rest.push(Buffer.from(block.subarray(end, bytesRead)));
      } else if (!follow) {
        if (rest.length > 0) yield { lines: [Buffer.concat(rest).toString()], firstNumber, torn: true };
        return;
      } else if ((await file.stat()).size < position) {
        position = 0;
        firstNumber = 1;
        rest = [];
        restarted = true;
      } else await sleep(pollMs, signal);
    }
  } finally {
    await file.close();
  }
}

/** Whole lines: what was left of the blocks before, and `block`, which ends with a line feed. */
function linesOf(rest: readonly Buffer[], block: Buffer): string[] {
  const text = (rest.length > 0 ? Buffer.concat([...rest, block]) : block).toString('utf8', 0);
  return text.slice(0, -1).split('\n');
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if (!(await file.stat()).isDirectory()) return file;
    await file.close();
    throw new Error('that is a folder: name a file in it');
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`file: expected a recorded run that can be read, got ${JSON.stringify(path)} (${message})`, {
      cause,
    });
  }
}

/** Waits, or ends at once when it is told to. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
