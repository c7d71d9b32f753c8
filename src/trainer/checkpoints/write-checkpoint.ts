import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolder } from '../../sinks/files/index.js';
import { type Checkpoint, FILES } from './checkpoint.js';
import { contentsOf, modelContents } from './checkpoint-files.js';
import { syncFolder, writeDurably } from './durable-files.js';

/** Before the names of folders that are being written, or put aside; they are no checkpoints. */
const TEMPORARY = '.writing-';
const REPLACED = '.replaced-';

/**
 * Write a checkpoint: into a folder beside it, of a name of its own, which changes when all is on the disk. A process that
 * is killed leaves the checkpoint whole, or as it was before.
 */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const parent = dirname(path);
  const replaced = join(parent, REPLACED + basename(path));
  makeFolder(resolve(parent));
  const temporary = join(parent, `${TEMPORARY}${basename(path)}-${process.pid}-${randomBytes(4).toString('hex')}`);
  await checkReplaceable(path);
  try {
    await mkdir(temporary);
    for (const [file, content] of Object.entries(contentsOf(checkpoint))) {
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

/** Write a model's weights, and what it brings along, over files of these names only. */
export async function writeModel(
  folder: string,
  weights: Checkpoint['weights'],
  modelFiles: Checkpoint['modelFiles'],
): Promise<void> {
  makeFolder(resolve(folder));
  for (const [file, content] of Object.entries(modelContents(weights, modelFiles))) {
    await writeDurably(join(folder, file), content);
  }
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
