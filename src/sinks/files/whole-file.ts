import { closeSync, openSync, readSync, statSync, unlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { makeFolder } from './make-folder.js';
import { realPath } from './open-to-write.js';
import { lockPath, type PathLock } from './path-lock.js';
import { cannotBeWritten, checkPath } from './reason.js';
import { notOurs } from './record-file.js';
import { checkKind, replaceFile, writeBeside } from './write-beside.js';

const HEAD_BYTES = 4 * 1024;

/**
 * A file that is written as a whole, again and again: whoever opens it meanwhile sees the one before. It has one writer at
 * a time, here and in other processes.
 */
export class WholeFile {
  /** With no link in it: a link that is there stays one. */
  readonly #real: string;
  readonly #lock: PathLock;

  /**
   * @throws Error that names the path, the reason and the fix, when the file cannot be written; when another sink writes
   * it; and when the file that is there does not begin as `isOurs` says.
   */
  constructor(
    private readonly path: string,
    private readonly isOurs: (head: string) => boolean,
  ) {
    checkPath(path);
    try {
      makeFolder(dirname(resolve(path)));
      this.#real = realPath(path);
      checkKind(this.#real);
      // Told now, rather than when hours of training are to be written.
      unlinkSync(writeBeside(this.#real, ''));
    } catch (cause) {
      throw cannotBeWritten(path, cause);
    }
    this.#checkOurs();
    this.#lock = lockPath(this.#real);
  }

  /** @throws Error when it cannot be written, and when somebody has put another file in its place. */
  write(text: string): void {
    this.#checkOurs();
    replaceFile(this.#real, text, this.path);
  }

  close(): void {
    this.#lock.release();
  }

  #checkOurs(): void {
    const head = headOf(this.#real);
    if (head !== '' && !this.isOurs(head)) throw notOurs(this.path, 'replaced');
  }
}

function headOf(path: string): string {
  // What is no file is told where its kind is looked at.
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return '';
  const fd = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.toString('utf8', 0, readSync(fd, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}
