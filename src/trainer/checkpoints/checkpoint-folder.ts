import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { SavedMemory } from '../../events/run-memory.js';
import { decodeJson, encodeJson } from '../../events/serial.js';
import type { ResolvedArguments } from '../arguments/training-arguments.js';
import { decodeSafetensors, encodeSafetensors, type Safetensors } from '../safetensors.js';
import type { SchedulerState } from '../schedules/scheduler.js';
import { type Checkpoint, CheckpointError, type LoopState, type ResumeState } from './checkpoint.js';
import { decodeTrainerState, encodeTrainerState } from './trainer-state-json.js';

/** The files of a checkpoint. */
export const FILES = {
  weights: 'model.safetensors',
  optimizer: 'optimizer.safetensors',
  scheduler: 'scheduler.json',
  loop: 'rng_state.json',
  history: 'update_history.safetensors',
  memory: 'run_memory.json',
  state: 'trainer_state.json',
  args: 'training_args.json',
} as const;

/** Before the names of folders that are being written, or put aside; they are no checkpoints. */
const TEMPORARY = '.writing-';
const REPLACED = '.replaced-';

/** Where the checkpoint of a step is. */
export function checkpointPath(outputDir: string, step: number): string {
  return join(outputDir, `checkpoint-${step}`);
}

/**
 * Write a checkpoint: into a folder beside it, whose name changes when all is on the disk. A process that is killed
 * leaves the checkpoint whole, or as it was before.
 */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const parent = dirname(path);
  const temporary = join(parent, TEMPORARY + basename(path));
  const replaced = join(parent, REPLACED + basename(path));
  await mkdir(parent, { recursive: true });
  await removeLeftovers(parent);
  await mkdir(temporary);
  for (const [file, content] of Object.entries(contentsOf(checkpoint))) {
    await writeDurably(join(temporary, file), content);
  }
  await syncFolder(temporary);
  const replaces = await rename(path, replaced).then(
    () => true,
    () => false,
  );
  await rename(temporary, path);
  await syncFolder(parent);
  if (replaces) await rm(replaced, { recursive: true });
}

/** Write a model's weights alone. */
export async function writeModel(folder: string, weights: Checkpoint['weights']): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeDurably(join(folder, FILES.weights), encodeSafetensors(weights, { format: 'pt' }));
}

/**
 * Read a checkpoint.
 *
 * @throws CheckpointError that names the file which is missing, damaged, or of another program.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const names = await readdir(path).catch((cause) => {
    throw new CheckpointError(
      `resumeFromCheckpoint: expected the folder of a checkpoint, got ${path} (${cause.message})`,
    );
  });
  const { tensors: weights } = await readTensors(path, names, FILES.weights);
  const state = await read(path, names, FILES.state, (bytes) => decodeTrainerState(text(bytes)));
  const args = await readOptional(path, names, FILES.args);
  return { weights, state, args: (args ?? {}) as Partial<ResolvedArguments>, ...(await readResume(path, names)) };
}

/** A checkpoint's weights alone. */
export async function readModel(path: string): Promise<Checkpoint['weights']> {
  return (await readTensors(path, await readdir(path), FILES.weights)).tensors;
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

function contentsOf({ weights, state, args, resume }: Checkpoint): Record<string, Uint8Array | string> {
  return {
    [FILES.weights]: encodeSafetensors(weights, { format: 'pt' }),
    ...(resume && {
      [FILES.optimizer]: encodeSafetensors(resume.optimizer.tensors, resume.optimizer.metadata),
      [FILES.scheduler]: `${encodeJson(resume.scheduler, 2)}\n`,
      [FILES.loop]: `${encodeJson(resume.loop, 2)}\n`,
      [FILES.memory]: `${encodeJson(resume.memory, 2)}\n`,
      [FILES.history]: encodeSafetensors(resume.history.tensors, resume.history.metadata),
    }),
    [FILES.args]: `${encodeJson(args, 2)}\n`,
    [FILES.state]: encodeTrainerState(state),
  };
}

async function readResume(path: string, names: readonly string[]): Promise<{ resume?: ResumeState }> {
  const needed = [FILES.optimizer, FILES.scheduler, FILES.loop];
  if (!needed.some((file) => names.includes(file))) return {};
  const optimizer = await readTensors(path, names, FILES.optimizer);
  const scheduler = (await read(path, names, FILES.scheduler, (bytes) => decodeJson(text(bytes)))) as SchedulerState;
  const loop = (await read(path, names, FILES.loop, (bytes) => decodeJson(text(bytes)))) as LoopState;
  const empty: Safetensors = { tensors: new Map(), metadata: {} };
  const history = names.includes(FILES.history) ? await readTensors(path, names, FILES.history) : empty;
  const memory = ((await readOptional(path, names, FILES.memory)) ?? {}) as SavedMemory;
  return { resume: { optimizer, scheduler, loop, history, memory } };
}

function readTensors(path: string, names: readonly string[], file: string): Promise<Safetensors> {
  return read(path, names, file, decodeSafetensors);
}

async function readOptional(path: string, names: readonly string[], file: string): Promise<unknown> {
  return names.includes(file) ? read(path, names, file, (bytes) => decodeJson(text(bytes))) : undefined;
}

async function read<T>(
  path: string,
  names: readonly string[],
  file: string,
  decode: (bytes: Uint8Array) => T,
): Promise<T> {
  const full = join(path, file);
  if (!names.includes(file)) {
    throw new CheckpointError(
      `${full}: expected this file of a checkpoint, got none; the folder has ${names.join(', ') || 'nothing'}`,
    );
  }
  const bytes = await readFile(full);
  try {
    return decode(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CheckpointError(
      `${full}: it is damaged or of another program: ${reason}; resume from another checkpoint`,
      {
        cause,
      },
    );
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

async function writeDurably(file: string, content: Uint8Array | string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Names are on the disk too. Not every system lets a folder be opened for that. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/** What a killed process has left: unfinished folders go, and one that was put aside comes back. */
async function removeLeftovers(folder: string): Promise<void> {
  await bringBack(folder);
  for (const name of await readdir(folder)) {
    if (name.startsWith(TEMPORARY) || name.startsWith(REPLACED)) await rm(join(folder, name), { recursive: true });
  }
}

/** A kill between two renames leaves a checkpoint under the name it was put aside by. */
async function bringBack(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names) {
    const original = name.slice(REPLACED.length);
    if (name.startsWith(REPLACED) && !names.includes(original)) {
      await rename(join(folder, name), join(folder, original));
    }
  }
}
