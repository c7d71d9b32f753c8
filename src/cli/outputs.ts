import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { otherRanksOf } from '../records/index.js';
import { CalledWrongly } from './called-wrongly.js';

/**
 * Check that nothing would be written over what is read, or over another output: by what files are, so that links and
 * other spellings of a path count, too. To be called before anything is opened for writing.
 *
 * @throws CalledWrongly that names both.
 */
export async function checkOutputs(inputs: readonly string[], outputs: readonly string[]): Promise<void> {
  const known = new Map<string, string>();
  const others = await Promise.all(inputs.map(otherRanksOf));
  for (const input of [...inputs, ...others.flat()]) {
    known.set(await identityOf(input), `the input ${JSON.stringify(input)}`);
  }
  for (const output of outputs) {
    const identity = await identityOf(output);
    const taken = known.get(identity);
    if (taken !== undefined) {
      throw new CalledWrongly(
        `output: expected a file of its own, got ${JSON.stringify(output)}, which is ${taken}; choose another path`,
      );
    }
    known.set(identity, `the output ${JSON.stringify(output)}`);
  }
}

/** The device and inode of a file; of one that there is not, where it would be. */
async function identityOf(path: string): Promise<string> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return placeOf(resolve(path));
  }
}

/** A path without links, as far as there are folders on it. */
async function placeOf(path: string): Promise<string> {
  const folder = dirname(path);
  if (folder === path) return path;
  try {
    return join(await realpath(folder), basename(path));
  } catch {
    return join(await placeOf(folder), basename(path));
  }
}
