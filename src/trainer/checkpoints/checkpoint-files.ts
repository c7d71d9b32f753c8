import type { SavedMemory } from '../../events/index.js';
import { decodeJson, encodeJson } from '../../events/serial/index.js';
import type { ResolvedArguments } from '../arguments/training-arguments.js';
import { decodeSafetensors, encodeSafetensors, type Safetensors } from '../safetensors.js';
import type { SchedulerState } from '../schedules/scheduler.js';
import type { CheckpointStore, StoredFiles } from '../stores/checkpoint-store.js';
import { type Checkpoint, CheckpointError, FILES, type LoopState, type ResumeState } from './checkpoint.js';
import { type Checksums, checkSum, checksumsOf } from './checksums.js';
import { decodeTrainerState, encodeTrainerState } from './trainer-state-json.js';

/** The files of a checkpoint, and what is in each. */
export function contentsOf({ weights, state, args, resume, modelFiles }: Checkpoint): StoredFiles {
  const contents = {
    ...modelContents(weights, modelFiles),
    ...(resume && {
      [FILES.optimizer]: encodeSafetensors(resume.optimizer.tensors, resume.optimizer.metadata),
      [FILES.scheduler]: json(resume.scheduler),
      [FILES.loop]: json(resume.loop),
      [FILES.memory]: json(resume.memory),
      [FILES.history]: encodeSafetensors(resume.history.tensors, resume.history.metadata),
    }),
    [FILES.args]: json(args),
    [FILES.state]: encodeTrainerState(state),
  };
  return { ...contents, [FILES.checksums]: json(checksumsOf(contents)) };
}

/** The files of a model alone: its weights, and what it brings along. */
export function modelContents(weights: Checkpoint['weights'], modelFiles: Checkpoint['modelFiles'] = {}): StoredFiles {
  return { ...modelFiles, [FILES.weights]: encodeSafetensors(weights, { format: 'pt' }) };
}

/**
 * Read a checkpoint, and verify every file of tensors.
 *
 * @throws CheckpointError that names the file which is missing, damaged, or of another program.
 */
export async function readCheckpoint(store: CheckpointStore, path: string): Promise<Checkpoint> {
  const folder = await openFolder(store, path);
  const { tensors: weights } = await readTensors(folder, FILES.weights);
  const state = await read(folder, FILES.state, (bytes) => decodeTrainerState(text(bytes)));
  const args = await readOptional(folder, FILES.args);
  return { weights, state, args: (args ?? {}) as Partial<ResolvedArguments>, ...(await readResume(folder)) };
}

/** A checkpoint's weights alone. */
export async function readModel(store: CheckpointStore, path: string): Promise<Checkpoint['weights']> {
  return (await readTensors(await openFolder(store, path), FILES.weights)).tensors;
}

interface Folder {
  readonly store: CheckpointStore;
  readonly path: string;
  readonly names: readonly string[];
  /** Undefined of a folder that another program wrote. */
  readonly sums: Checksums | undefined;
}

async function openFolder(store: CheckpointStore, path: string): Promise<Folder> {
  const names = await store.list(path).catch((cause) => {
    throw new CheckpointError(
      `resumeFromCheckpoint: expected the folder of a checkpoint, got ${path} (${cause.message})`,
    );
  });
  const folder = { store, path, names, sums: undefined };
  if (!names.includes(FILES.checksums) && !names.includes(FILES.loop)) return folder;
  return { ...folder, sums: (await readJson(folder, FILES.checksums)) as Checksums };
}

async function readResume(folder: Folder): Promise<{ resume?: ResumeState }> {
  const telling = [FILES.optimizer, FILES.scheduler, FILES.loop];
  if (!telling.some((file) => folder.names.includes(file))) return {};
  const optimizer = await readTensors(folder, FILES.optimizer);
  const scheduler = (await readJson(folder, FILES.scheduler)) as SchedulerState;
  const loop = (await readJson(folder, FILES.loop)) as LoopState;
  const history = await readTensors(folder, FILES.history);
  const memory = (await readJson(folder, FILES.memory)) as SavedMemory;
  return { resume: { optimizer, scheduler, loop, history, memory } };
}

async function readTensors(folder: Folder, file: string): Promise<Safetensors> {
  return read(folder, file, (bytes) => {
    const tensors = decodeSafetensors(bytes);
    if (folder.sums) checkSum(folder.store.pathOf(folder.path, file), file, bytes, folder.sums);
    return tensors;
  });
}

async function readOptional(folder: Folder, file: string): Promise<unknown> {
  return folder.names.includes(file) ? readJson(folder, file) : undefined;
}

/** A record: no file of a checkpoint holds another value. */
function readJson(folder: Folder, file: string): Promise<object> {
  return read(folder, file, (bytes) => {
    const value = decodeJson(text(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    throw new TypeError('expected an object, got something else');
  });
}

async function read<T>(folder: Folder, file: string, decode: (bytes: Uint8Array) => T): Promise<T> {
  const { store, path, names } = folder;
  const full = store.pathOf(path, file);
  if (!names.includes(file)) {
    throw new CheckpointError(
      `${full}: expected this file of a checkpoint, got none; the folder has ${names.join(', ') || 'nothing'}`,
    );
  }
  const bytes = await store.read(path, file);
  try {
    return decode(bytes);
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CheckpointError(
      `${full}: it is damaged or of another program: ${reason}; resume from another checkpoint`,
      { cause },
    );
  }
}

const json = (value: unknown): string => `${encodeJson(value, 2)}\n`;
const text = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
