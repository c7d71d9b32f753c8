import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CheckpointError } from './checkpoint.js';
import { bringBack } from './write-checkpoint.js';

/** Where the checkpoint of a step is. */
export function checkpointPath(outputDir: string, step: number): string {
  return join(outputDir, `checkpoint-${step}`);
}

/** The checkpoints in a folder, by step. */
export async function listCheckpoints(outputDir: string): Promise<string[]> {
  await bringBack(outputDir);
  const names = await readdir(outputDir).catch((): string[] => []);
  return names
    .map((name) => ({ name, step: Number(/^checkpoint-(\d+)$/.exec(name)?.[1]) }))
    .filter(({ step }) => Number.isSafeInteger(step))
    .sort((a, b) => a.step - b.step)
    .map(({ name }) => join(outputDir, name));
}

/** Of these folders, the one that a path leads to, however it is written. */
export function samePath(paths: readonly string[], path: string): string | undefined {
  return paths.find((one) => resolve(one) === resolve(path));
}

/** @throws CheckpointError when there is none. */
export async function lastCheckpoint(outputDir: string): Promise<string> {
  const last = (await listCheckpoints(outputDir)).at(-1);
  if (last !== undefined) return last;
  throw new CheckpointError(
    `resumeFromCheckpoint: expected a checkpoint in ${outputDir}, got none; name one, or train from the start`,
  );
}

/**
 * Of checkpoints, oldest first, remove the oldest until `limit` are left, and give those. The newest and the best are
 * kept in any case.
 */
export async function rotateCheckpoints(
  paths: readonly string[],
  limit: number,
  best: string | null,
): Promise<string[]> {
  const kept = new Set([paths.at(-1), ...paths.filter((path) => path === best)]);
  const excess = Math.max(0, paths.length - Math.max(limit, kept.size));
  const removed = new Set(paths.filter((path) => !kept.has(path)).slice(0, excess));
  for (const path of removed) await removeCheckpoint(path);
  return paths.filter((path) => !removed.has(path));
}

/** Remove a checkpoint. */
export async function removeCheckpoint(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
