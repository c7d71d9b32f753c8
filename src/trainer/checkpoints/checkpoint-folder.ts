import type { CheckpointStore } from '../stores/checkpoint-store.js';
import { CheckpointError } from './checkpoint.js';

/** Where the checkpoint of a step is. */
export function checkpointPath(store: CheckpointStore, outputDir: string, step: number): string {
  return store.pathOf(outputDir, `checkpoint-${step}`);
}

/** Of which step a checkpoint is, by its name or its path; NaN of what is none. */
export function stepOfCheckpoint(path: string): number {
  return Number(/(?:^|[/\\])checkpoint-(\d+)$/.exec(path)?.[1]);
}

/** The checkpoints in a folder, by step. */
export async function listCheckpoints(store: CheckpointStore, outputDir: string): Promise<string[]> {
  const names = await store.list(outputDir).catch((): string[] => []);
  return names
    .map((name) => ({ name, step: stepOfCheckpoint(name) }))
    .filter(({ step }) => Number.isSafeInteger(step))
    .sort((a, b) => a.step - b.step)
    .map(({ name }) => store.pathOf(outputDir, name));
}

/** @throws CheckpointError when there is none. */
export async function lastCheckpoint(store: CheckpointStore, outputDir: string): Promise<string> {
  const last = (await listCheckpoints(store, outputDir)).at(-1);
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
  store: CheckpointStore,
  paths: readonly string[],
  limit: number,
  best: string | null,
): Promise<string[]> {
  const kept = new Set([paths.at(-1), ...paths.filter((path) => path === best)]);
  const excess = Math.max(0, paths.length - Math.max(limit, kept.size));
  const removed = new Set(paths.filter((path) => !kept.has(path)).slice(0, excess));
  for (const path of removed) await store.remove(path);
  return paths.filter((path) => !removed.has(path));
}
