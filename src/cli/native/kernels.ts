import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildAddon, findTools, ownHeaders } from './addon.js';
import type { Progress } from './progress.js';
import { withTemporary } from './temporary.js';
import { type Verified, verify } from './verify.js';

/**
 * Compile trainscope's kernels into the addon of a tfjs-node that works without. Where they cannot be, it stays as it is,
 * and the step says why.
 */
export async function addKernels(
  project: string,
  tfjsNode: string,
  progress: Progress,
  verified: Verified,
): Promise<Verified> {
  if (verified.kernels) return verified;
  let result = verified;
  await progress.step('kernels', async (say) => {
    const without = (reason: string) => `left out (${reason}): statistics then are TensorFlow's own operations`;
    if (process.platform !== 'linux') return without('they are made for Linux');
    const { python, missing } = await findTools();
    if (!python || missing.length > 0) return without(`missing: ${missing.join(', ')}`);
    say("compiling trainscope's kernels into the addon");
    try {
      result = await orAsBefore(tfjsNode, 'lib', async () => {
        await buildAddon(tfjsNode, python, ownHeaders(), { kernels: true });
        return verify(project);
      });
    } catch (error) {
      return without((error as Error).message);
    }
    return 'compiled into the addon; an update is measured right';
  });
  return result;
}

/** When the work fails, the directory of that name is what it was before. */
function orAsBefore<T>(parent: string, name: string, work: () => Promise<T>): Promise<T> {
  return withTemporary(parent, async (temporary) => {
    const [directory, copy] = [join(parent, name), join(temporary, name)];
    cpSync(directory, copy, { recursive: true });
    try {
      return await work();
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      cpSync(copy, directory, { recursive: true });
      throw error;
    }
  });
}
