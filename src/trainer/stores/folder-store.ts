import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '../../sinks/files/index.js';
import type { CheckpointStore } from './checkpoint-store.js';
import { writeDurably } from './durable-files.js';
import { lockFolder } from './folder-lock.js';
import { bringBack, replaceFolder } from './replace-folder.js';

/**
 * Checkpoints in folders of the file system, as Hugging Face's Trainer has them: the default in Node, and for Node alone.
 *
 * @example
 * ```ts
 * import { folderStore } from 'trainscope/trainer';
 *
 * console.log(await folderStore().list('.')); // what is in this folder, checkpoints too
 * ```
 */
export function folderStore(): CheckpointStore {
  return {
    pathOf: join,
    isSame: (path, other) => resolve(path) === resolve(other),
    async list(folder) {
      await bringBack(folder);
      return readdir(folder);
    },
    read: (folder, file) => readFile(join(folder, file)),
    replace: replaceFolder,
    async write(folder, files) {
      makeFolder(resolve(folder));
      for (const [file, content] of Object.entries(files)) await writeDurably(join(folder, file), content);
    },
    remove: (folder) => rm(folder, { recursive: true, force: true }),
    lock: lockFolder,
  };
}
