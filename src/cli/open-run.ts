import { stat } from 'node:fs/promises';
import type { RunRecord } from '../events/index.js';
import { type ReadRunOptions, readRun } from '../records/index.js';

/**
 * A recorded run, once its first record has been seen: what is no recorded run is refused before anything else is done.
 *
 * @throws Error for a file that cannot be read, DamagedLineError for one that is no recorded run.
 */
export async function openRun(file: string, options: ReadRunOptions = {}): Promise<AsyncIterable<RunRecord>> {
  await checkRun(file, options);
  return readRun(file, options);
}

/**
 * Refuse what is no recorded run, by its first record.
 *
 * @throws as {@link openRun}.
 */
export async function checkRun(file: string, options: ReadRunOptions): Promise<void> {
  // What comes by a pipe can be read once only.
  if (!(await isPipe(file))) await readOne(file, options);
}

/** Whether a file is known to have a record, so that who reads it need not wait for the first. */
export async function hasBegun(file: string): Promise<boolean> {
  return !(await isPipe(file)) && (await isRecordedRun(file));
}

function isPipe(file: string): Promise<boolean> {
  return stat(file).then(
    (stats) => !stats.isFile() && !stats.isDirectory(),
    () => false,
  );
}

/** Whether a file can be read, and its first line is a record. */
export async function isRecordedRun(file: string): Promise<boolean> {
  return await readOne(file).catch(() => false);
}

/** Whether there is a record. */
async function readOne(file: string, { onDamaged }: ReadRunOptions = {}): Promise<boolean> {
  const records = readRun(file, onDamaged ? { onDamaged: () => {} } : {});
  try {
    return !(await records.next()).done;
  } finally {
    await records.return?.();
  }
}
