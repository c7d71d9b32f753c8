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
  ENXIO: 'no one reads this pipe: start its reader first',
  EPIPE: 'its reader has gone',
  EAGAIN: 'its reader does not read',
};

/** What went wrong with a file, in brackets, and what to do about it. */
export function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return `(${message})${code && FIXES[code] ? `; ${FIXES[code]}` : ''}`;
}

/** What a path is of. */
export type PathKind = 'file' | 'folder';

/** The error of a path that no sink can write. */
export function cannotBeWritten(path: string, cause: unknown, kind: PathKind = 'file'): Error {
  return new Error(`path: expected a ${kind} that can be written, got ${JSON.stringify(path)} ${reason(cause)}`, {
    cause,
  });
}

/** A path is not yet looked at. @throws TypeError when it is no path at all. */
export function checkPath(path: string, kind: PathKind = 'file'): void {
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`path: expected the path of a ${kind}, got ${JSON.stringify(path)}`);
  }
}
