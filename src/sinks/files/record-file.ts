import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { openToWrite, realPath } from './open-to-write.js';
import { lockPath, type PathLock, sleep } from './path-lock.js';
import { cannotBeWritten, checkPath, reason } from './reason.js';

export interface RecordFileOptions {
  /** Go on after what the file has. Default: the file is replaced. */
  readonly append?: boolean;
  /** The path is one that no one else will choose: a file that is there is an error, and no lock is needed. */
  readonly fresh?: boolean;
  /**
   * Whether a file that is there may be replaced, by its first bytes (64 KiB at most): files of others are left alone.
   * Default: any may.
   */
  isOurs?(head: Buffer): boolean;
}

const HEAD_BYTES = 64 * 1024;
const PIPE_PATIENCE_MS = 1_000;

/**
 * A file that grows by whole records, each written by one blocking call as it comes.
 *
 * A loop that never yields keeps nothing in memory, and a process that is killed has lost nothing. Collecting records
 * in memory instead would need signal handlers, and a Node process that has one cannot be interrupted while a loop of
 * training does not yield. The calls cost a few microseconds: less than making the text.
 *
 * It has one writer at a time, here and in other processes. Each record goes to the end that the file has by then, so
 * that a file that somebody cuts during the run has no gap; `close()` tells of it at the end.
 */
export class RecordFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #plain: boolean;
  #lock: PathLock | undefined;
  #size: number;
  #open = true;
  /** What somebody else did to it, told when it is closed. */
  #meddling: string | undefined;

  /** @throws Error that names the path, the reason and the fix, when the file cannot be opened for writing. */
  constructor(path: string, { append = false, fresh = false, isOurs = () => true }: RecordFileOptions = {}) {
    checkPath(path);
    this.#path = path;
    const { fd, kind } = opened(path, fresh);
    this.#fd = fd;
    this.#plain = kind === 'file';
    try {
      this.#lock = this.#plain && !fresh ? lockPath(realPath(path), { identity: identityOf(fd) }) : undefined;
      this.#size = this.#plain ? fstatSync(fd).size : 0;
      if (!append && this.#size > 0) {
        if (!isOurs(this.read(0, HEAD_BYTES))) throw notOurs(path, 'replaced');
        this.truncate(0);
      }
    } catch (cause) {
      this.#lock?.release();
      closeSync(fd);
      throw cause;
    }
  }

  /** Bytes the file has. */
  get size(): number {
    return this.#size;
  }

  /** The open file, to read what it has. */
  get fd(): number {
    return this.#fd;
  }

  /** Bytes from `position` on: fewer than `length` at the file's end. */
  read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.#size - position)));
    let read = 0;
    while (read < bytes.length) {
      const count = readSync(this.#fd, bytes, read, bytes.length - read, position + read);
      if (count === 0) break;
      read += count;
    }
    return bytes.subarray(0, read);
  }

  /**
   * Whether somebody has cut what the file had since it was last asked: then what later records refer to must be written
   * anew. @throws Error when the file has been removed, so that nothing that is written can be found again.
   */
  wasCut(): boolean {
    if (!this.#plain) return false;
    const { size, nlink } = fstatSync(this.#fd);
    if (nlink === 0) {
      throw new Error(
        `${JSON.stringify(this.#path)} was removed by somebody during the run: what was recorded is gone`,
      );
    }
    if (size === this.#size) return false;
    const cut = size < this.#size;
    this.#meddling ??= cut
      ? `was cut from ${this.#size} to ${size} bytes by somebody during the run: what came before is gone`
      : `was also written by somebody else during the run, at ${this.#size} bytes`;
    this.#size = size;
    return cut;
  }

  /** Do something with the file that is just open; where that fails it is closed, as it is. */
  orClose(work: () => void): void {
    try {
      work();
    } catch (cause) {
      this.close();
      throw cause;
    }
  }

  /** Add a record, such as a line with its end. When that fails, the file ends with the record before. */
  append(record: string | Uint8Array): void {
    const bytes = typeof record === 'string' ? Buffer.from(record) : record;
    let written = 0;
    try {
      while (written < bytes.length) written += this.#write(bytes, written);
    } catch (cause) {
      if (written > 0) this.#cutBack();
      throw new Error(`${JSON.stringify(this.#path)} could not be written further ${reason(cause)}`, { cause });
    }
    this.#size += written;
  }

  /** A pipe that is full has a moment to be read: training must not wait for a reader that has stopped. */
  #write(bytes: Uint8Array, from: number): number {
    for (let waitedSince: number | undefined; ; ) {
      try {
        return writeSync(this.#fd, bytes, from);
      } catch (cause) {
        const full = (cause as NodeJS.ErrnoException).code === 'EAGAIN';
        waitedSince ??= performance.now();
        if (!full || performance.now() - waitedSince >= PIPE_PATIENCE_MS) throw cause;
        sleep(1);
      }
    }
  }

  /** Cut off what is behind `size` bytes. */
  truncate(size: number): void {
    ftruncateSync(this.#fd, size);
    this.#size = size;
  }

  #cutBack(): void {
    try {
      this.truncate(this.#size);
    } catch {
      // A pipe or a device has no end to cut; the failed write is said in any case.
    }
  }

  /** Let go of the file. @throws Error when somebody else has cut it or written to it since it was opened. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    let failure: unknown;
    try {
      this.wasCut();
    } catch (cause) {
      failure = cause;
    }
    closeSync(this.#fd);
    this.#lock?.release();
    if (failure) throw failure;
    if (this.#meddling !== undefined) throw new Error(`${JSON.stringify(this.#path)} ${this.#meddling}`);
  }
}

/** The error of a file that another program made. */
export function notOurs(path: string, whatFor: 'replaced' | 'continued'): Error {
  return new Error(
    `path: expected a file of this sink to be ${whatFor}, got ${JSON.stringify(path)}, which holds something else; ` +
      'choose another path, or remove that file',
  );
}

function opened(path: string, fresh: boolean): ReturnType<typeof openToWrite> {
  try {
    return openToWrite(path, fresh);
  } catch (cause) {
    throw cannotBeWritten(path, cause);
  }
}

/** What all paths to one file share, hard links included. */
function identityOf(fd: number): string {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}`;
}
