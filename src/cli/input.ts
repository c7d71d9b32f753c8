import { peek, readContents, unpack } from '../records/index.js';

/** A file that a command is given, open. */
export interface Input {
  /** What it is called in errors. */
  readonly name: string;
  /** By its first character: the lines of a recorded run are JSON objects. Else it is a CSV file, or empty. */
  readonly isRun: boolean;
  readonly isEmpty: boolean;
  /** What it holds, unpacked. To be read once. */
  readonly bytes: AsyncIterable<Buffer>;
}

const STANDARD_INPUT = '-';

/**
 * Open a file that a command is given, or standard input for `-`.
 *
 * @throws Error for a file that cannot be read.
 */
export async function openInput(file: string): Promise<Input> {
  const isStandard = file === STANDARD_INPUT;
  if (isStandard && process.stdin.isTTY) throw new Error('standard input: expected a file piped in, got a terminal');
  const name = isStandard ? 'standard input' : file;
  const { head, bytes } = await peek(unpack(name, isStandard ? process.stdin : bytesOf(file)), 4);
  return {
    name,
    isRun: head
      .toString()
      .replace(/^\ufeff/, '')
      .startsWith('{'),
    isEmpty: head.length === 0,
    bytes,
  };
}

async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  const { signal } = new AbortController();
  for await (const content of readContents(file, { follow: false, signal, pollMs: 0 })) yield* content;
}
