import { createHash, type Hash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { sleep } from './sleep.js';

const NOTHING = Buffer.alloc(0);
const BLOCK_BYTES = 256 * 1024;
/** What of the beginning, and of what was read last, is looked at again to see whether the file was rewritten. */
const SAMPLE_BYTES = 4 * 1024;

export interface ReadFileOptions {
  /** Wait at the end for what is still written. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Between two looks at a file that has no more. */
  readonly pollMs: number;
  /** With `follow`: called whenever all that has been written was read. */
  readonly onEnd?: () => void;
}

/**
 * The bytes of a file. Each element of the outer sequence is the content of one file, which has to be taken before the
 * next is asked for: without `follow` there is one, with it another one each time that the file is replaced or rewritten.
 *
 * A file is known by what it is, not by its name: by device and inode, and by what it holds. One that comes in its place
 * by a rename and begins with all that was read, as a copy that is renewed does, is read on from there.
 */
export async function* readContents(path: string, options: ReadFileOptions): AsyncGenerator<AsyncIterable<Buffer>> {
  const file = new WatchedFile(path, options);
  await file.open();
  try {
    do yield file.read();
    while (options.follow && !options.signal.aborted);
  } finally {
    await file.close();
  }
}

class WatchedFile {
  #handle!: FileHandle;
  #stats!: BigIntStats;
  #position = 0;
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #hash: Hash = createHash('sha256');

  constructor(
    private readonly path: string,
    private readonly options: ReadFileOptions,
  ) {}

  async open(): Promise<void> {
    this.#take(await openFile(this.path));
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** What the file holds, up to its end, or with `follow` until another content is in its place. */
  async *read(): AsyncGenerator<Buffer> {
    const { follow, signal } = this.options;
    while (!signal.aborted) {
      const block = await this.#nextBlock();
      if (follow && !(await this.#isAsItWas())) return this.#begin();
      if (block.length === 0 && !follow) return;
      const more = block.length > 0 ? block : await this.#beyondEnd();
      if (!more) return;
      if (more.length === 0) continue;
      this.#remember(more);
      yield more;
    }
  }

  /** What there is to read at the end, which may be nothing yet; undefined where another content is in its place. */
  async #beyondEnd(): Promise<Buffer | undefined> {
    const { signal, pollMs, onEnd } = this.options;
    onEnd?.();
    const other = await this.#replacement();
    if (!other) {
      await sleep(pollMs, signal);
      return NOTHING;
    }
    // What was written before it was replaced is still there to be read.
    const last = await this.#nextBlock();
    if (last.length > 0) {
      await other.handle.close();
      return last;
    }
    return (await this.#goOnIn(other)) ? NOTHING : undefined;
  }

  /** Pipes and devices have no positions. */
  get #isRegular(): boolean {
    return this.#stats.isFile();
  }

  async #nextBlock(): Promise<Buffer> {
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    const { bytesRead } = await this.#handle.read(block, 0, BLOCK_BYTES, this.#isRegular ? this.#position : null);
    return block.subarray(0, bytesRead);
  }

  #begin(): void {
    this.#position = 0;
    this.#head = Buffer.alloc(0);
    this.#tail = Buffer.alloc(0);
    this.#hash = createHash('sha256');
  }

  #remember(block: Buffer): void {
    this.#position += block.length;
    if (!this.options.follow) return;
    this.#hash.update(block);
    if (this.#head.length < SAMPLE_BYTES) this.#head = Buffer.concat([this.#head, block]).subarray(0, SAMPLE_BYTES);
    this.#tail = Buffer.concat([this.#tail, block.subarray(-SAMPLE_BYTES)]).subarray(-SAMPLE_BYTES);
  }

  /** Whether the file still holds what was read of it: it may have been cut, or written anew, also to a greater length. */
  async #isAsItWas(): Promise<boolean> {
    if (!this.#isRegular) return true;
    const head = await bytesAt(this.#handle, 0, this.#head.length);
    const tail = await bytesAt(this.#handle, this.#position - this.#tail.length, this.#tail.length);
    return head.equals(this.#head) && tail.equals(this.#tail);
  }

  /** The file that has this one's name now, if it is another one. */
  async #replacement(): Promise<OpenFile | undefined> {
    try {
      if (isSame(await stat(this.path, { bigint: true }), this.#stats)) return undefined;
      const other = await openFile(this.path);
      if (!isSame(other.stats, this.#stats)) return other;
      await other.handle.close();
    } catch (cause) {
      // It has been removed, and the next may be on its way.
      if (codeOf(cause) !== 'ENOENT') throw cause;
    }
    return undefined;
  }

  /** Take another file for this one. Whether it begins with all that was read, so that it goes on in it. */
  async #goOnIn(other: OpenFile): Promise<boolean> {
    const goesOn = other.stats.isFile() && this.#isRegular && (await this.#beginsAlike(other.handle));
    await this.#handle.close();
    this.#take(other);
    if (!goesOn) this.#begin();
    return goesOn;
  }

  async #beginsAlike(handle: FileHandle): Promise<boolean> {
    const hash = createHash('sha256');
    for (let at = 0; at < this.#position; ) {
      const bytes = await bytesAt(handle, at, Math.min(BLOCK_BYTES, this.#position - at));
      if (bytes.length === 0) return false;
      hash.update(bytes);
      at += bytes.length;
    }
    return hash.digest().equals(this.#hash.copy().digest());
  }

  #take({ handle, stats }: OpenFile): void {
    this.#handle = handle;
    this.#stats = stats;
  }
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
}

const isSame = (a: BigIntStats, b: BigIntStats): boolean => a.dev === b.dev && a.ino === b.ino;

const codeOf = (cause: unknown): unknown =>
  (cause as NodeJS.ErrnoException).code ?? ((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code;

/** At most `length` bytes: fewer where the file ends. */
async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0);
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

async function openFile(path: string): Promise<OpenFile> {
  try {
    const handle = await open(path, 'r');
    const stats = await handle.stat({ bigint: true });
    if (!stats.isDirectory()) return { handle, stats };
    await handle.close();
    throw new Error('that is a folder: name a file in it');
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`file: expected one that can be read, got ${JSON.stringify(path)} (${message})`, {
      cause,
    });
  }
}
