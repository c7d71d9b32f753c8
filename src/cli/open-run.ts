import { stat } from 'node:fs/promises';
import type { RunRecord } from '../events/index.js';
import { type ReadRunOptions, readRun } from '../records/index.js';

/**
 * A recorded run, once its first record has been seen: what is no recorded run is refused before anything else is done.
 *
 * @throws Error for a file that cannot be read, DamagedLineError for one that is no recorded run.
 */
export async function openRun(file: string, options: ReadRunOptions = {}): Promise<AsyncIterable<RunRecord>> {
  const isPipe = await stat(file).then(
    (stats) => !stats.isFile() && !stats.isDirectory(),
    () => false,
  );
  // What comes by a pipe can be read once only.
  if (!isPipe) await readOne(file, options);
  return readRun(file, options);
}

async function readOne(file: string, { onDamaged }: ReadRunOptions): Promise<void> {
  const records = readRun(file, onDamaged ? { onDamaged: () => {} } : {});
  try {
    await records.next();
  } finally {
    await records.return?.();
  }
}
