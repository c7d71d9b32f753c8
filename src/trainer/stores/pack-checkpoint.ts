import { CheckpointError, FILES } from '../checkpoints/checkpoint.js';
import type { CheckpointStore } from './checkpoint-store.js';
import { filesOfTar, tarOf } from './tar.js';

/**
 * A checkpoint of a store as one file to download, `checkpoint-40.tar`: the folder with all its files, as Node's Trainer and
 * Hugging Face's have it. `tar xf` unpacks it; so does {@link unpackCheckpoint}, into another store.
 *
 * @throws CheckpointError where there is no checkpoint.
 *
 * @example
 * ```ts not run: a browser's database
 * import { saveFile } from 'trainscope/browser';
 * import { indexedDbStore, packCheckpoint } from 'trainscope/trainer';
 *
 * saveFile(await packCheckpoint(indexedDbStore(), 'digits/checkpoint-40'));
 * ```
 */
export async function packCheckpoint(store: CheckpointStore, path: string): Promise<File> {
  const names = await store.list(path).catch((): readonly string[] => []);
  if (!names.includes(FILES.state)) {
    throw new CheckpointError(
      `packCheckpoint(): expected a checkpoint at ${path}, got ${names.join(', ') || 'nothing'}`,
    );
  }
  const folder = path.split(/[/\\]/).findLast((name) => name !== '') ?? path;
  const files = await Promise.all(
    names.map(async (name) => ({
      path: `${folder}/${name}`,
      content: new Blob([Uint8Array.from(await store.read(path, name))]),
    })),
  );
  const archive = tarOf(files, Date.now());
  return new File([archive], `${folder}.tar`, { type: archive.type });
}

/**
 * Put a checkpoint that {@link packCheckpoint} or `tar` has packed into a folder of a store, and give its path, for
 * `train({ resumeFromCheckpoint })`. A checkpoint of that step in that folder is replaced.
 *
 * @throws CheckpointError for what is no archive of one checkpoint; nothing is written then.
 *
 * @example
 * ```ts not run: a browser's database
 * import { indexedDbStore, unpackCheckpoint } from 'trainscope/trainer';
 *
 * const [file] = document.querySelector('input')!.files!;
 * const resumeFromCheckpoint = await unpackCheckpoint(indexedDbStore(), file!, 'digits');
 * ```
 */
export async function unpackCheckpoint(store: CheckpointStore, file: Blob, folder: string): Promise<string> {
  const packed = await filesOfTar(file).catch((cause: Error) => {
    throw new CheckpointError(
      `unpackCheckpoint(): expected a checkpoint that was packed, got something else (${cause.message})`,
    );
  });
  const names = packed.map(({ path }) => /^(?:\.\/)?(checkpoint-\d+)\/([^/\\]+)$/.exec(path) ?? []);
  const [, name] = names[0] ?? [];
  const isOne = name !== undefined && names.every(([, each]) => each === name);
  if (!isOne || !names.some(([, , each]) => each === FILES.state)) {
    const got = packed.map(({ path }) => path).join(', ') || 'nothing';
    throw new CheckpointError(
      `unpackCheckpoint(): expected the files of one checkpoint, checkpoint-<step>/…, got ${got}`,
    );
  }
  const path = store.pathOf(folder, name);
  const files: Record<string, Uint8Array> = {};
  for (const [i, { content }] of packed.entries()) files[names[i]![2]!] = new Uint8Array(await content.arrayBuffer());
  await store.replace(path, files);
  return path;
}
