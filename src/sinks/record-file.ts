import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RecordFileOptions {
  /** Go on after what the file has. Default: the file is replaced. */
  readonly append?: boolean;
}

/**
 * A file that grows by whole records, each written by one blocking call as it comes.
 *
 * A loop that never yields keeps nothing in memory, and a process that is killed has lost nothing. Collecting records
 * in memory instead would need signal handlers, and a Node process that has one cannot be interrupted while a loop of
 * training does not yield. The call costs about a microsecond: less than making the text.
 */
export class RecordFile {
  readonly #path: string;
  readonly #fd: number;
  #size: number;
  #open = true;

  /** @throws Error that names the path, the reason and the fix, when the file cannot be opened for writing. */
  constructor(path: string, { append = false }: RecordFileOptions = {}) {
    if (typeof path !== 'string' || path === '') {
      throw new TypeError(`path: expected the path of a file, got ${JSON.stringify(path)}`);
    }
    this.#path = path;
    try {
      mkdirSync(dirname(path), { recursive: true });
      this.#fd = openSync(path, append ? 'a+' : 'w');
    } catch (cause) {
      throw new Error(`path: expected a file that can be written, got ${JSON.stringify(path)} ${reason(cause)}`, {
        cause,
      });
    }
    this.#size = fstatSync(this.#fd).size;
  }

  /** Bytes the file has. */
  get size(): number {
    return this.#size;
  }

  /** The open file, to read what it has. */
  get fd(): number {
    return this.#fd;
  }

  /** Add a record, such as a line with its end. When that fails, the file ends with the record before. */
  append(record: string | Uint8Array): void {
    const bytes = typeof record === 'string' ? Buffer.from(record) : record;
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch (cause) {
      if (written > 0) this.#cutBack();
      throw new Error(`${JSON.stringify(this.#path)} could not be written further ${reason(cause)}`, { cause });
    }
    this.#size += written;
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

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
  }
}

const FIXES: Readonly<Record<string, string>> = {
  EACCES: 'allow this user to write there, or choose another path',
  EPERM: 'allow this user to write there, or choose another path',
  EROFS: 'the file system is read-only: choose another path',
  EISDIR: 'that is a folder: name a file in it',
  ENOTDIR: 'a part of the path is a file: choose another path',
  EEXIST: 'a part of the path is a file: choose another path',
  ENOENT: 'a part of the path cannot be made: choose another path',
  ENAMETOOLONG: 'choose a shorter name',
  ENOSPC: 'the disk is full: free some space, or choose another path',
  EDQUOT: 'the quota is used up: free some space, or choose another path',
  EFBIG: 'the file may not grow further: raise the limit, or write less often',
};

function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return `(${message})${code && FIXES[code] ? `; ${FIXES[code]}` : ''}`;
}
