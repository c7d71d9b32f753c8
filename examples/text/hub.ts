import { stat } from 'node:fs/promises';

export interface HubOptions {
  /** Where the hub is; the public one by default. */
  readonly hubUrl?: string;
  /** Where downloads are kept; the Hugging Face cache by default. */
  readonly cacheDir?: string;
}

/** The hub's part of some options. */
export function hubOptions({ hubUrl, cacheDir }: HubOptions): HubOptions {
  return { ...(hubUrl !== undefined && { hubUrl }), ...(cacheDir !== undefined && { cacheDir }) };
}

/** A repository on the Hugging Face hub: `bert-base-uncased`, or `datasets/nyu-mll/glue`. */
export type HubRepository = string;

/** Whether `source` is there on disk; where not, it is meant as a name on the hub. */
export async function isOnDisk(source: string): Promise<boolean> {
  return (await stat(source).catch(() => undefined)) !== undefined;
}

/**
 * Download those of the `files` that a repository has, once: the next time they come from the cache.
 *
 * @returns the folder that has them.
 * @throws Error that says what to do without the hub, or where it has none of the files.
 */
export async function hubFolder(
  repo: HubRepository,
  files: readonly string[],
  options: HubOptions = {},
): Promise<string> {
  const hub = await hubPackage();
  const [kind, ...rest] = repo.split('/');
  const dataset = kind === 'datasets';
  const name = dataset ? rest.join('/') : repo;
  const designation = { type: dataset ? 'dataset' : 'model', name } as const;
  try {
    const info = { name, additionalFields: ['sha' as const], ...options };
    const { sha: revision } = dataset ? await hub.datasetInfo(info) : await hub.modelInfo(info);
    const found: string[] = [];
    for await (const entry of hub.listFiles({ repo: designation, revision, recursive: true, ...options })) {
      if (files.includes(entry.path)) found.push(entry.path);
    }
    if (found.length === 0) throw new Error(`a repository with none of ${files.join(', ')}`);
    let folder = '';
    for (const path of found) {
      const file = await hub.downloadFileToCacheDir({ repo: designation, path, revision, ...options });
      folder = file.slice(0, -path.length);
    }
    return folder;
  } catch (error) {
    const message =
      `${repo}: expected a folder on disk, or the name of a repository on the Hugging Face hub; ` +
      `got ${reasonOf(error)}. Without the hub, download the files by other means and give their folder.`;
    throw new Error(message, { cause: error });
  }
}

/** An optional package: who works from disk needs none. */
async function hubPackage(): Promise<typeof import('@huggingface/hub')> {
  try {
    return await import('@huggingface/hub');
  } catch (error) {
    throw new Error('@huggingface/hub: expected it to be installed, to load by name: npm i @huggingface/hub', {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
