/** What reads and writes checkpoints: for Node alone, and loaded when it is asked for. */
export { readCheckpoint, readModel } from './checkpoint-files.js';
export {
  checkpointPath,
  lastCheckpoint,
  listCheckpoints,
  removeCheckpoint,
  rotateCheckpoints,
  samePath,
} from './checkpoint-folder.js';
export { lockFolder } from './folder-lock.js';
export { loadWeights } from './load-model.js';
export { openCheckpoint, wholeCheckpoint } from './open-checkpoint.js';
export { writeCheckpoint, writeModel } from './write-checkpoint.js';
