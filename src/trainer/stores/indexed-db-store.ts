import { checkOptions } from '../../events/index.js';
import type { CheckpointStore, StoredFiles } from './checkpoint-store.js';
import { bytesOf, inUse, namesIn, storedPath } from './stored-path.js';
import { takeName } from './take-name.js';

/** Options of {@link indexedDbStore}: which database it is. */
export interface IndexedDbStoreOptions {
  /** The database, one of the page's origin. Default: `trainscope-checkpoints`. */
  readonly database?: string;
}

/** Key: the folder and the name. Value: the bytes. */
const FILES = 'files';
type Key = [folder: string, file: string];

/**
 * Checkpoints in the browser's IndexedDB: they are there when the page is opened again, in any tab and worker of its origin.
 * A checkpoint is written in one transaction: a page that is closed meanwhile leaves it whole, or as it was before.
 *
 * A browser gives an origin so much room (`navigator.storage.estimate()` says how much), and may clear it where the disk is
 * full unless `navigator.storage.persist()` was granted. With no room left, saving fails with a `QuotaExceededError`.
 *
 * A folder has one training at a time, over all tabs, by the browser's locks; on a page that is not secure (`http:` of
 * another machine), which has none, within the same tab or worker.
 *
 * @throws TypeError for an option that is wrong.
 *
 * @example
 * ```ts not run: a browser's database
 * import * as tf from '@tensorflow/tfjs';
 * import { indexedDbStore, Trainer } from 'trainscope/trainer';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const trainer = new Trainer({
 *   model,
 *   trainDataset: [{ xs: [1, 0, 0, 1], labels: [0.5] }],
 *   checkpointStore: indexedDbStore(),
 *   args: { outputDir: 'digits' },
 * });
 * await trainer.train(); // when the page is opened again: train({ resumeFromCheckpoint: true })
 * ```
 */
export function indexedDbStore(options: IndexedDbStoreOptions = {}): CheckpointStore {
  const { database = 'trainscope-checkpoints' } = checkOptions('indexedDbStore', options, { database: true });
  const reading = <T>(ask: (files: IDBObjectStore) => IDBRequest<T>) => transact(database, 'readonly', ask);
  const writing = async (act: (files: IDBObjectStore) => void) => {
    await transact(database, 'readwrite', (files) => {
      act(files);
      return undefined;
    });
  };
  return {
    pathOf: storedPath,
    isSame: (path, other) => storedPath(path) === storedPath(other),
    async list(folder) {
      const path = storedPath(folder);
      return namesIn(path, (await reading((files) => files.getAllKeys(rangeFrom(path)))) as Key[]);
    },
    async read(folder, file) {
      const content: unknown = await reading((files) => files.get([storedPath(folder), file] satisfies Key));
      if (content instanceof Uint8Array) return content;
      throw new Error(`there is no file ${JSON.stringify(storedPath(folder, file))} in the database ${database}`);
    },
    replace: (folder, files) =>
      writing((store) => {
        const path = storedPath(folder);
        store.delete(rangeOf(path));
        putAll(store, path, files);
      }),
    write: (folder, files) => writing((store) => putAll(store, storedPath(folder), files)),
    remove: (folder) =>
      writing((store) => {
        const path = storedPath(folder);
        store.delete(rangeOf(path));
        store.delete(rangeWithin(path));
      }),
    async lock(folder) {
      const path = storedPath(folder);
      // Before a training begins that could keep nothing.
      (await openDatabase(database)).close();
      const release = await takeName(`${database}/${path}`);
      if (release) return release;
      throw inUse(path, `of the database ${database}, where another one writes, maybe in another tab`);
    },
  };
}

function putAll(store: IDBObjectStore, folder: string, files: StoredFiles): void {
  for (const [name, content] of Object.entries(files)) store.put(bytesOf(content), [folder, name] satisfies Key);
}

/** The keys of a folder's files: in their order, a list comes behind every text. */
const rangeOf = (folder: string): IDBKeyRange => IDBKeyRange.bound([folder], [folder, []]);

/** The keys of the folders in a folder: `0` is the character behind `/`. */
const rangeWithin = (folder: string): IDBKeyRange => IDBKeyRange.bound([`${folder}/`], [`${folder}0`]);

/** Both, and what lies between them. */
const rangeFrom = (folder: string): IDBKeyRange => IDBKeyRange.bound([folder], [folder === '' ? [] : `${folder}0`]);

/** Do something in one transaction, and wait until it is on the disk. The database is open for no longer than that. */
async function transact<T>(
  database: string,
  mode: IDBTransactionMode,
  act: (files: IDBObjectStore) => IDBRequest<T> | undefined,
): Promise<T> {
  const db = await openDatabase(database);
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = db.transaction(FILES, mode, { durability: 'strict' });
      const request = act(transaction.objectStore(FILES));
      transaction.oncomplete = () => resolve(request?.result as T);
      transaction.onabort = () => reject(refusal(transaction.error));
    });
  } finally {
    db.close();
  }
}

/** A browser says nothing more than that there is no room. */
function refusal(error: DOMException | null): DOMException {
  if (error?.name !== 'QuotaExceededError') return error ?? new DOMException('the browser gave it up', 'AbortError');
  return new DOMException(
    'the browser has no more room for this site; set saveTotalLimit, or remove checkpoints that are not needed',
    error.name,
  );
}

/** A private window, or the settings for a site, may forbid it in any of several ways. */
async function openDatabase(database: string): Promise<IDBDatabase> {
  try {
    return await open(database);
  } catch (cause) {
    const { name, message } = cause as Error;
    throw new DOMException(
      `checkpointStore: expected a page that may use IndexedDB, got ${name}: ${message}; give memoryStore() or a store of your own`,
      name,
    );
  }
}

function open(database: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(FILES);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
