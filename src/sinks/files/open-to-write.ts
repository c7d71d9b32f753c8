import { constants, lstatSync, openSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolder } from './make-folder.js';

/** A plain file, or what only passes bytes on: a pipe, a terminal, /dev/null. */
export type FileKind = 'file' | 'passing';

const { O_APPEND, O_CREAT, O_EXCL, O_RDWR, O_WRONLY, O_NONBLOCK = 0 } = constants;

/**
 * Open a path to be written at its end, and make its folder. Nothing that is there is changed.
 *
 * It never waits: a pipe without a reader is an error (ENXIO), as is a relative path in a folder that is no more
 * (`mkdir` with `recursive` would try for ever). With `fresh`, a path that exists is an error.
 */
export function openToWrite(path: string, fresh = false): { readonly fd: number; readonly kind: FileKind } {
  const absolute = resolve(path);
  makeFolder(dirname(absolute));
  const kind = kindOf(absolute);
  const flags = O_APPEND | O_CREAT | O_NONBLOCK | (fresh ? O_EXCL : 0) | (kind === 'file' ? O_RDWR : O_WRONLY);
  return { fd: openSync(absolute, flags, 0o666), kind };
}

/** A path with no link in it, of a file that exists or is about to. */
export function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    const folder = realpathSync(dirname(absolute));
    const link = lstatSync(absolute, { throwIfNoEntry: false })?.isSymbolicLink();
    // A link to a file that is yet to be made.
    return link ? realPath(resolve(folder, readlinkSync(absolute))) : join(folder, basename(absolute));
  }
}

function kindOf(path: string): FileKind {
  const stat = statSync(path, { throwIfNoEntry: false });
  return !stat || stat.isFile() || stat.isDirectory() ? 'file' : 'passing';
}
