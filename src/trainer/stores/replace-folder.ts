import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolder } from '../../sinks/files/index.js';
import { FILES } from '../checkpoints/checkpoint.js';
import type { StoredFiles } from './checkpoint-store.js';
import { syncFolder, writeDurably } from './durable-files.js';

/** Before the names of folders that are being written, or put aside; they are no checkpoints. */
const TEMPORARY = '.writing-';
const REPLACED = '.replaced-';

/**
 * Write a folder of files: beside it, under a name of its own, which changes when all is on the disk. A process that is
 * killed leaves the folder whole, or as it was before.
 */
export async function replaceFolder(path: string, files: StoredFiles): Promise<void> {
  const parent = dirname(path);
  const replaced = join(parent, REPLACED + basename(path));
  makeFolder(resolve(parent));
  const temporary = join(parent, `${TEMPORARY}${basename(path)}-${process.pid}-${randomBytes(4).toString('hex')}`);
  await checkReplaceable(path);
  try {
    await mkdir(temporary);
    for (const [file, content] of Object.entries(files)) {
      await writeDurably(join(temporary, file), content);
    }
    await syncFolder(temporary);
    const replaces = await rename(path, replaced).then(
      () => true,
      () => false,
    );
    await rename(temporary, path);
    await syncFolder(parent);
    if (replaces) await rm(replaced, { recursive: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    await bringBack(parent).catch(() => {});
    throw error;
  }
}

/** @throws Error for what has the checkpoint's name and is none: it is somebody's. */
async function checkReplaceable(path: string): Promise<void> {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0 || names.includes(FILES.state)) return;
  const message = `${path}: expected a checkpoint to be replaced, got a folder that holds something else; move it away`;
  throw Object.assign(new Error(message), { code: 'EEXIST', syscall: 'rename' });
}

/** What a killed process has left: unfinished folders go, and one that was put aside comes back. */
export async function removeLeftovers(folder: string): Promise<void> {
  await bringBack(folder);
  for (const name of await readdir(folder)) {
    if (name.startsWith(TEMPORARY) || name.startsWith(REPLACED)) await rm(join(folder, name), { recursive: true });
  }
}

/** A kill between two renames leaves a checkpoint under the name it was put aside by. */
export async function bringBack(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names) {
    const original = name.slice(REPLACED.length);
    if (name.startsWith(REPLACED) && !names.includes(original)) {
      await rename(join(folder, name), join(folder, original));
    }
  }
}
