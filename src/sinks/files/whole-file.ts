import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { realPath } from './open-to-write.js';
import { lockPath, type PathLock } from './path-lock.js';
import { randomName } from './random-name.js';
import { cannotBeWritten, checkPath, reason } from './reason.js';
import { notOurs } from './record-file.js';

const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW = 0 } = constants;
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
      mkdirSync(dirname(resolve(path)), { recursive: true });
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
    let beside: string | undefined;
    this.#checkOurs();
    try {
      checkKind(this.#real);
      beside = writeBeside(this.#real, text);
      renameSync(beside, this.#real);
    } catch (cause) {
      if (beside) unlinkSync(beside);
      throw new Error(`${JSON.stringify(this.path)} could not be written ${reason(cause)}`, { cause });
    }
  }

  close(): void {
    this.#lock.release();
  }

  #checkOurs(): void {
    const head = headOf(this.#real);
    if (head !== '' && !this.isOurs(head)) throw notOurs(this.path, 'replaced');
  }
}

function checkKind(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory())
    throw Object.assign(new Error('EISDIR: illegal operation on a directory'), { code: 'EISDIR' });
  if (stat && !stat.isFile()) throw new Error('a pipe or a device, which cannot be replaced as a whole');
}

/** Write a file with a name of its own that no one can have prepared. Gives its path. */
function writeBeside(path: string, text: string): string {
  const beside = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomName()}.part`);
  const fd = openSync(beside, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o666);
  try {
    writeFileSync(fd, text);
  } catch (cause) {
    unlinkSync(beside);
    throw cause;
  } finally {
    closeSync(fd);
  }
  return beside;
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
