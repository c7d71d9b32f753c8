import { stat } from 'node:fs/promises';
import type { RunRecord } from '../events/index.js';
import { peek, type ReadRunOptions, readContents, readRun, unpack } from '../records/index.js';

/** A file that a command is given, open. */
export interface Input {
  /** What it is called in errors. */
  readonly name: string;
  /** By its first character, as the lines of a recorded run are JSON objects, or by its name. Else it is a CSV file. */
  readonly isRun: boolean;
  /** What it holds, unpacked. To be read once. */
  readonly bytes: AsyncIterable<Buffer>;
  /** The same as a recorded run. */
  readonly records: (options: Pick<ReadRunOptions, 'onDamaged'>) => AsyncIterable<RunRecord>;
}

/** What standard input goes by in place of a file. */
export const STANDARD_INPUT = '-';

/** What `jsonlSink` calls its files. */
const RUN_NAME = /\.jsonl(\.gz)?$/;

/**
 * Open a file that a command is given, or standard input for `-`.
 *
 * @throws Error for a file that cannot be read, or is empty.
 */
export async function openInput(file: string): Promise<Input> {
  const isStandard = file === STANDARD_INPUT;
  if (isStandard && process.stdin.isTTY) throw new Error('standard input: expected a file piped in, got a terminal');
  const name = isStandard ? 'standard input' : file;
  const { head, bytes } = await peek(unpack(name, isStandard ? process.stdin : bytesOf(file)), 4);
  if (head.length === 0) throw new Error(`${name}: expected a recorded run or a CSV file, got an empty file`);
  const isRun = RUN_NAME.test(name) || /^\ufeff?\{/.test(head.toString());
  // A run is read by its path, since others may belong to it; what comes by a pipe can be read once only.
  if (!isRun || isStandard || !(await stat(file)).isFile()) {
    return { name, isRun, bytes, records: (options) => readRun(bytes, { name, ...options }) };
  }
  await close(bytes);
  return {
    name,
    isRun,
    get bytes() {
      return unpack(name, bytesOf(file));
    },
    records: (options) => readRun(file, options),
  };
}

async function close(bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of bytes) return;
}

async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  const { signal } = new AbortController();
  for await (const content of readContents(file, { follow: false, signal, pollMs: 0 })) yield* content;
}
