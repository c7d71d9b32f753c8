import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { otherRanksOf } from '../records/index.js';
import { isRecordedRun } from './open-run.js';

/**
 * The recorded runs that are named, a file each: those of a folder for the folder, and of the files of one run's ranks that
 * of rank 0, which is read with the others.
 *
 * @throws Error for a folder without any.
 */
export async function runFiles(named: readonly string[]): Promise<readonly string[]> {
  const files = (await Promise.all(named.map(filesOf))).flat();
  const others = new Set((await Promise.all(files.map(otherRanksOf))).flat().map((file) => resolve(file)));
  return files.filter((file) => !others.has(resolve(file)));
}

async function filesOf(named: string): Promise<readonly string[]> {
  const isFolder = await stat(named).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) return [named];
  const names = (await readdir(named)).filter((name) => name.endsWith('.jsonl')).sort();
  const files = names.map((name) => join(named, name));
  const areRuns = await Promise.all(files.map(isRecordedRun));
  const runs = files.filter((_, i) => areRuns[i]);
  if (runs.length > 0) return runs;
  throw new Error(`${named}: expected recorded runs in it (.jsonl), got none`);
}
