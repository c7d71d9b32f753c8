import { closeSync, constants, openSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { randomName } from './random-name.js';
import { reason } from './reason.js';

const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW = 0 } = constants;

/** Write a file beside another, with a name of its own that no one can have prepared. Gives its path. */
export function writeBeside(path: string, content: string | Uint8Array): string {
  const beside = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomName()}.part`);
  const fd = openSync(beside, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o666);
  try {
    writeFileSync(fd, content);
  } catch (cause) {
    unlinkSync(beside);
    throw cause;
  } finally {
    closeSync(fd);
  }
  return beside;
}

/** @throws Error for what is there and is no file. */
export function checkKind(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory())
    throw Object.assign(new Error('EISDIR: illegal operation on a directory'), { code: 'EISDIR' });
  if (stat && !stat.isFile()) throw new Error('a pipe or a device, which cannot be replaced as a whole');
}

/** What a process that was killed within `writeBeside()` has left of a file whose name is like `name`. */
export function isLeftBeside(file: string, name: RegExp): boolean {
  const [, written] = /^\.(.+)\.[0-9a-f]{12}\.part$/.exec(file) ?? [];
  return written !== undefined && name.test(written);
}

/**
 * Put a whole file in the place of another, or where there is none: whoever opens it meanwhile sees the one before.
 *
 * @throws Error that says which could not be written, by the path that its user gave, and why.
 */
export function replaceFile(real: string, content: string | Uint8Array, path = real): void {
  let beside: string | undefined;
  try {
    checkKind(real);
    beside = writeBeside(real, content);
    renameSync(beside, real);
  } catch (cause) {
    if (beside) unlinkSync(beside);
    throw new Error(`${JSON.stringify(path)} could not be written ${reason(cause)}`, { cause });
  }
}
