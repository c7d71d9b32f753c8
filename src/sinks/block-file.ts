import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { flushOnExit } from './flush-on-exit.js';

const BLOCK_BYTES = 64 * 1024;
const MAX_AGE_MS = 1000;

export interface BlockFileOptions {
  /** Go on after what the file holds, instead of replacing it. */
  readonly append?: boolean;
  readonly clock?: () => number;
}

/**
 * A text file written in whole records, synchronously and in blocks: in a loop that never yields an asynchronous
 * stream would keep everything in memory. A record is on disk after at most 64 KiB or, once another comes, a second.
 */
export class BlockFile {
  /** The file's first line, where it is continued and has one. */
  readonly firstLine: string | undefined;
  readonly #descriptor: number;
  readonly #clock: () => number;
  readonly #forget: () => void;
  #pending: string[] = [];
  #pendingLength = 0;
  #oldest = 0;
  #closed = false;

  /** @throws Error that names the path, the reason and the fix. */
  constructor(
    readonly path: string,
    options: BlockFileOptions = {},
  ) {
    this.#descriptor = open(path, options.append ? 'a+' : 'w');
    this.firstLine = options.append ? readFirstLine(this.#descriptor) : undefined;
    this.#clock = options.clock ?? Date.now;
    this.#forget = flushOnExit(() => this.flush());
  }

  write(records: string): void {
    if (this.#pendingLength === 0) this.#oldest = this.#clock();
    this.#pending.push(records);
    this.#pendingLength += records.length;
    if (this.#pendingLength >= BLOCK_BYTES || this.#clock() - this.#oldest >= MAX_AGE_MS) this.flush();
  }

  flush(): void {
    if (this.#pendingLength === 0) return;
    const bytes = Buffer.from(this.#pending.join(''));
    this.#pending = [];
    this.#pendingLength = 0;
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#descriptor, bytes, written);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    try {
      this.flush();
    } finally {
      closeSync(this.#descriptor);
    }
  }
}

function open(path: string, flags: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, flags);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Error(
      `path: expected a file that can be written, got ${JSON.stringify(path)} (${code ?? message}); ${fixOf(code)}`,
      { cause },
    );
  }
}

function fixOf(code: string | undefined): string {
  switch (code) {
    case 'EISDIR':
      return 'give the name of a file, not of a folder';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'choose a folder that you may write to';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a part of the path before the last is a file; choose another';
    default:
      return 'choose another path';
  }
}

function readFirstLine(descriptor: number): string | undefined {
  if (fstatSync(descriptor).size === 0) return undefined;
  const bytes: Buffer[] = [];
  for (let position = 0; ; position += BLOCK_BYTES) {
    const block = Buffer.alloc(BLOCK_BYTES);
    const length = readSync(descriptor, block, 0, BLOCK_BYTES, position);
    bytes.push(block.subarray(0, length));
    if (length < BLOCK_BYTES || block.includes(10)) break;
  }
  return Buffer.concat(bytes).toString('utf8').split(/\r?\n/, 1)[0];
}
