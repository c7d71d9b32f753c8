import type { CheckpointStore } from './checkpoint-store.js';

/** @throws Error: a browser has no folders. */
export function folderStore(): CheckpointStore {
  throw new Error('folderStore(): expected Node, got a browser; use indexedDbStore() or memoryStore()');
}
