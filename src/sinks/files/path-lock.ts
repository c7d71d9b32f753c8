import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { type Holder, parseHolder, stateOf, thisProcess } from './lock-holder.js';
import { randomName } from './random-name.js';
import type { PathKind } from './reason.js';

/** Files that this process writes: by their real paths, and by what they are, which hard links share. */
const written = new Set<string>();
/** Lock files to be taken away when the process ends with its sinks open. */
const lockFiles = new Set<string>();

/** One writer's hold on a file. */
export interface PathLock {
  release(): void;
}

export interface LockOptions {
  /** What several paths to one file share. */
  readonly identity?: string;
  /** What is held. Default: a file. */
  readonly kind?: PathKind;
  /** Default: `<real>.lock`, beside it. */
  readonly lockFile?: string;
}

/**
 * Hold a file or a folder for one writer: `real` is its path with no link in it.
 *
 * Other processes see a lock file, which names this process. One that a killed process has left is taken over. Where no
 * such file can be made, this process alone knows.
 *
 * @throws Error when another sink, here or in another process, has it.
 */
export function lockPath(real: string, options: LockOptions = {}): PathLock {
  const { identity, kind = 'file', lockFile = `${real}.lock` } = options;
  const inUse = (who: string) => isInUse(real, kind, who);
  const keys = identity === undefined ? [real] : [real, identity];
  if (keys.some((key) => written.has(key))) throw inUse('another sink of this process');
  const made = makeLockFile(lockFile, real, inUse);
  for (const key of keys) written.add(key);
  if (made) remember(lockFile);
  return {
    release() {
      for (const key of keys) written.delete(key);
      if (made) forget(lockFile);
    },
  };
}

function isInUse(real: string, kind: PathKind, who: string): Error {
  return new Error(
    `path: expected a ${kind} that no one else writes, got ${JSON.stringify(real)}, which ${who} writes; ` +
      'close() that one first, or choose another path',
  );
}

/** Whether it could be made. */
function makeLockFile(lockFile: string, real: string, inUse: (who: string) => Error): boolean {
  for (let attempt = 0; attempt < 5; attempt++) {
    const tried = tryWriteNew(lockFile);
    if (tried !== 'exists') return tried === 'written';
    const there = readLock(lockFile);
    if (there === 'gone') continue;
    if (there === 'not ours') return false;
    const { text, age } = there;
    const holder = parseHolder(text);
    // One that is empty is about to be written, or was when its process was killed. A clock may have been set back.
    if (!holder && age < JUST_MADE_MS) {
      sleep(JUST_MADE_MS / 4);
      continue;
    }
    const writer = holder && writerOf(real, holder);
    if (writer) throw inUse(writer);
    takeAway(lockFile, text);
  }
  throw inUse('another process');
}

const JUST_MADE_MS = 1_000;
/** A thread is there for a moment longer than whoever awaits that it is terminated. */
const THREAD_ENDS_MS = 20;

/** Who holds a lock, if it still writes. */
function writerOf(real: string, holder: Holder): string | undefined {
  let state = stateOf(holder);
  if (state === 'runs' && holder.pid === process.pid) {
    sleep(THREAD_ENDS_MS);
    state = stateOf(holder);
  }
  if (state === 'runs') return `process ${holder.pid}`;
  if (state === 'elsewhere' && isGrowing(real)) return `process ${holder.pid} on ${holder.host}`;
  return undefined;
}

function tryWriteNew(lockFile: string): 'written' | 'exists' | 'impossible' {
  try {
    writeNew(lockFile, JSON.stringify(thisProcess()));
    return 'written';
  } catch (cause) {
    // A folder that takes no file more, a name that gets too long: the file itself may well be written.
    return (cause as NodeJS.ErrnoException).code === 'EEXIST' ? 'exists' : 'impossible';
  }
}

function writeNew(file: string, text: string): void {
  const fd = openSync(file, 'wx');
  try {
    writeSync(fd, text);
  } catch (cause) {
    // The disk is full: an empty lock would be nobody's.
    unlinkSync(file);
    throw cause;
  } finally {
    closeSync(fd);
  }
}

/** What a lock file says, and for how long it has been there. */
function readLock(file: string): { readonly text: string; readonly age: number } | 'gone' | 'not ours' {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'not ours';
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > 10_000) return 'not ours';
    const text = readFileSync(fd, 'utf8');
    if (text !== '' && !text.startsWith('{"pid":'.slice(0, text.length))) return 'not ours';
    return { text, age: Math.abs(Date.now() - stat.mtimeMs) };
  } catch {
    return 'not ours';
  } finally {
    closeSync(fd);
  }
}

/** Take away a lock file that says `text`, and no other that has been made meanwhile. */
function takeAway(lockFile: string, text: string): void {
  const aside = `${lockFile}.${randomName()}`;
  try {
    renameSync(lockFile, aside);
    const there = readLock(aside);
    if (typeof there === 'object' && there.text !== text) linkSync(aside, lockFile);
    unlinkSync(aside);
  } catch {
    // Another process was faster: the next attempt sees its lock.
  }
}

const FRESH_MS = 60_000;
const WATCHED_MS = 3_000;

/**
 * Whether someone who cannot be looked up is writing: the file was written a moment ago, and goes on growing while it is
 * watched. A container that was killed and started anew is at once where it was, so the lock alone must not count.
 */
function isGrowing(real: string): boolean {
  const look = () => {
    try {
      return statSync(real);
    } catch {
      return undefined;
    }
  };
  const before = look();
  if (!before || Date.now() - before.mtimeMs > FRESH_MS) return false;
  const end = performance.now() + WATCHED_MS;
  while (performance.now() < end) {
    sleep(100);
    const now = look();
    if (now && (now.size !== before.size || now.mtimeMs !== before.mtimeMs)) return true;
  }
  return false;
}

/** Without yielding: a sink is made in one call. */
export function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function remember(lockFile: string): void {
  if (lockFiles.size === 0) process.on('exit', takeAllAway);
  lockFiles.add(lockFile);
}

function forget(lockFile: string): void {
  lockFiles.delete(lockFile);
  if (lockFiles.size === 0) process.off('exit', takeAllAway);
  takeAway(lockFile, JSON.stringify(thisProcess()));
}

function takeAllAway(): void {
  for (const lockFile of lockFiles) takeAway(lockFile, JSON.stringify(thisProcess()));
}
