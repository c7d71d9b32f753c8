import type { CheckpointStore, StoredFiles } from './checkpoint-store.js';
import { bytesOf, inUse, isWithin, namesIn, storedPath } from './stored-path.js';

/**
 * Checkpoints in memory, gone with the page or the process: for `rollback`, and for the best model at the end. Trainers that
 * are given the same store see the same checkpoints.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { memoryStore, Trainer } from 'trainscope/trainer';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const trainDataset = [{ xs: [1, 0, 0, 1], labels: [0.5] }];
 * const trainer = new Trainer({ model, trainDataset, checkpointStore: memoryStore(), args: { saveTotalLimit: 2 } });
 * ```
 */
export function memoryStore(): CheckpointStore {
  const folders = new Map<string, Map<string, Uint8Array>>();
  const locked = new Set<string>();
  const put = (folder: string, before: Iterable<readonly [string, Uint8Array]>, files: StoredFiles) => {
    const written = Object.entries(files).map(([name, content]) => [name, bytesOf(content)] as const);
    folders.set(storedPath(folder), new Map([...before, ...written]));
  };
  function* entries(): Generator<readonly [string, string]> {
    for (const [folder, files] of folders) for (const file of files.keys()) yield [folder, file];
  }
  return {
    pathOf: storedPath,
    isSame: (path, other) => storedPath(path) === storedPath(other),
    list: async (folder) => namesIn(storedPath(folder), entries()),
    async read(folder, file) {
      const content = folders.get(storedPath(folder))?.get(file);
      if (content) return content.slice();
      throw new Error(`there is no file ${JSON.stringify(storedPath(folder, file))}`);
    },
    replace: async (folder, files) => put(folder, [], files),
    write: async (folder, files) => put(folder, folders.get(storedPath(folder)) ?? [], files),
    async remove(folder) {
      for (const home of [...folders.keys()]) if (isWithin(storedPath(folder), home)) folders.delete(home);
    },
    async lock(folder) {
      const path = storedPath(folder);
      if (locked.has(path)) throw inUse(path, 'of this memoryStore(), where another one writes');
      locked.add(path);
      return async () => {
        locked.delete(path);
      };
    },
  };
}
