import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, readFile, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  makeFolder,
  parseHolder,
  stateOf,
  thisProcess,
  type Holder as WritingProcess,
} from '../../sinks/files/index.js';
import { removeLeftovers } from './replace-folder.js';

/** The file that says who writes to a folder. */
export const LOCK = '.trainscope-lock';

/** How often a lock is touched, and after how long without it one of another machine or container is nobody's. */
const TOUCH_MS = 20_000;
const ABANDONED_MS = 120_000;

interface Holder extends WritingProcess {
  readonly run: string;
  readonly token: string;
}

/** The locks of this thread, by token. */
const held = new Set<string>();

/**
 * Take a folder for one training: two would remove each other's checkpoints. Gives what lets go of it. A lock whose process
 * has died is taken over, and what that one has left half written is removed.
 *
 * @throws Error where another training has it.
 */
export async function lockFolder(folder: string, run: string): Promise<() => Promise<void>> {
  const isNew = !existsSync(folder);
  makeFolder(resolve(folder));
  const file = join(folder, LOCK);
  const holder: Holder = { ...thisProcess(), run, token: randomBytes(8).toString('hex') };
  while (!(await create(file, holder))) await removeAbandoned(folder, file);
  held.add(holder.token);
  await removeLeftovers(folder);
  const timer = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => {}), TOUCH_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    held.delete(holder.token);
    if ((await read(file))?.token === holder.token) await rm(file, { force: true });
    // A folder that was made for nothing; one that is not empty stays.
    if (isNew) await rmdir(folder).catch(() => {});
  };
}

async function create(file: string, holder: Holder): Promise<boolean> {
  const own = `${file}-${holder.token}`;
  const text = `${JSON.stringify(holder)}\n`;
  await writeFile(own, text, { flag: 'wx' });
  try {
    // Linked when it is written: nobody reads half of it. Some file systems have no links.
    await link(own, file).catch((error) => {
      if (error.code === 'EEXIST') throw error;
      return writeFile(file, text, { flag: 'wx' });
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/** @throws Error where the holder is alive. */
async function removeAbandoned(folder: string, file: string): Promise<void> {
  const holder = await read(file);
  if (!holder) return;
  if (await isAlive(holder, file)) {
    throw new Error(
      `outputDir: expected a folder that no other training writes to, got ${resolve(folder)}, where "${holder.run}" writes, process ${holder.pid} on ${holder.host}; give each Trainer an outputDir of its own, or remove ${LOCK} there if that process is gone`,
    );
  }
  const aside = `${file}-${randomBytes(8).toString('hex')}`;
  await rename(file, aside).catch(() => {});
  const taken = await read(aside);
  // Another has taken it over meanwhile: that one's goes back.
  if (taken && taken.token !== holder.token) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

async function isAlive(holder: Holder, file: string): Promise<boolean> {
  const state = stateOf(holder);
  if (state === 'elsewhere') {
    const touched = await stat(file).catch(() => undefined);
    return touched !== undefined && Date.now() - touched.mtimeMs < ABANDONED_MS;
  }
  const { pid, thread } = thisProcess();
  const isOwn = holder.pid === pid && holder.thread === thread;
  return state === 'runs' && (!isOwn || held.has(holder.token));
}

/** Undefined where there is none; of one that cannot be read, an abandoned holder. */
async function read(file: string): Promise<Holder | undefined> {
  const text = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const holder = parseHolder(text) as Partial<Holder> | undefined;
  if (holder?.run !== undefined && holder.token !== undefined) return holder as Holder;
  return { ...thisProcess(), run: 'unknown', token: '' };
}
