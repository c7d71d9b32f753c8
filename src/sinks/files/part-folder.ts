import { existsSync, readdirSync, realpathSync, unlinkSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeFolder } from './make-folder.js';
import { lockPath, type PathLock } from './path-lock.js';
import { cannotBeWritten, checkPath } from './reason.js';
import { notOurs } from './record-file.js';
import { isLeftBeside, replaceFile, writeBeside } from './write-beside.js';

export interface PartFolderOptions {
  /** Go on with the part after those that are there. Default: they are removed. */
  readonly append: boolean;
  /** How the names of parts end: `.parquet`. */
  readonly extension: string;
  /** Whether this sink made a file that is there; files with other extensions are not looked at. */
  isOurs(file: string): boolean;
}

/** How often the folder shows that it is being written. */
const SIGN_OF_LIFE_MS = 1_000;

/**
 * A folder that grows by files, `part-00000` and so on, each written whole: whoever opens one sees all of it, also after a
 * kill. The last can be written again with more in it, until the next is begun.
 *
 * The folder has one writer at a time, here and in other processes. Its lock has a name that readers of such folders pass
 * over, as have files that are being written.
 */
export class PartFolder {
  readonly #real: string;
  readonly #extension: string;
  readonly #lock: PathLock;
  #number = 0;
  /** The part has been written by this. */
  #written = false;
  #signedAt = -Infinity;

  /**
   * @throws Error that names the path, the reason and the fix, when no file can be written there; when another sink writes
   * there; and when there is a file with this extension that is not ours. Then nothing is changed.
   */
  constructor(
    private readonly path: string,
    { append, extension, isOurs }: PartFolderOptions,
  ) {
    checkPath(path, 'folder');
    this.#extension = extension;
    try {
      makeFolder(resolve(path));
      this.#real = realpathSync(path);
    } catch (cause) {
      throw cannotBeWritten(path, cause, 'folder');
    }
    // Before anything is written: the folder's own time tells whether another writes it.
    this.#lock = lockPath(this.#real, { kind: 'folder', lockFile: join(this.#real, '.lock') });
    try {
      this.#checkThatItCanBeWritten();
      this.#begin(append, isOurs);
    } catch (cause) {
      this.#lock.release();
      throw cause;
    }
  }

  /** Told now, rather than when a part is full. */
  #checkThatItCanBeWritten(): void {
    try {
      unlinkSync(writeBeside(join(this.#real, this.#nameOf(0)), ''));
    } catch (cause) {
      throw cannotBeWritten(this.path, cause, 'folder');
    }
  }

  #begin(append: boolean, isOurs: PartFolderOptions['isOurs']): void {
    const files = readdirSync(this.#real);
    for (const file of files.filter((name) => name.endsWith(this.#extension))) {
      if (isOurs(join(this.#real, file))) continue;
      throw notOurs(join(this.path, file), append ? 'continued' : 'replaced');
    }
    const parts = files.filter((name) => name.endsWith(this.#extension) && PART.test(name));
    const unwanted = files.filter((name) => isLeftBeside(name, PART));
    if (append) this.#number = Math.max(-1, ...parts.map(numberOf)) + 1;
    else unwanted.push(...parts);
    for (const file of unwanted) unlinkSync(join(this.#real, file));
  }

  /** Write the part, or write it again. @throws Error that says why it could not be; the parts before it are whole. */
  write(content: Uint8Array): void {
    while (!this.#written && existsSync(join(this.#real, this.#nameOf(this.#number)))) this.#number++;
    const name = this.#nameOf(this.#number);
    replaceFile(join(this.#real, name), content, join(this.path, name));
    this.#written = true;
  }

  /** What is written next is another part. */
  next(): void {
    if (!this.#written) return;
    this.#number++;
    this.#written = false;
  }

  /**
   * Show those who cannot look this process up, such as other containers, that the folder is in use: parts may be minutes
   * apart.
   */
  signOfLife(): void {
    const now = Date.now();
    if (Math.abs(now - this.#signedAt) < SIGN_OF_LIFE_MS) return;
    this.#signedAt = now;
    try {
      utimesSync(this.#real, now / 1000, now / 1000);
    } catch {
      // Somebody has removed it, which is told when a part is to be written.
    }
  }

  close(): void {
    this.#lock.release();
  }

  #nameOf(number: number): string {
    return `part-${String(number).padStart(5, '0')}${this.#extension}`;
  }
}

const PART = /^part-(\d+)\./;

const numberOf = (name: string): number => Number(PART.exec(name)![1]);
