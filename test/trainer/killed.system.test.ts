import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readCheckpoint } from '../../src/trainer/checkpoints/checkpoint-files.js';
import { lastCheckpoint } from '../../src/trainer/checkpoints/checkpoint-folder.js';
import { folderStore } from '../../src/trainer.js';
import { newFolder } from './tiny.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = join(ROOT, 'test/trainer/mortal-trainer.ts');
const LOADER = join(ROOT, 'node_modules/tsx/dist/esm/index.mjs');

/** Train in a process of its own, which may be killed after a step. Gives its lines: one a step, and the weights. */
async function trainInProcess(folder: string, how: 'anew' | 'resume', dieAfter?: number): Promise<string[]> {
  const args = ['--import', LOADER, PROGRAM, folder, how, ...(dieAfter === undefined ? [] : [String(dieAfter)])];
  const { signal, stdout, stderr } = await new Promise<{ signal?: string; stdout: string; stderr: string }>(
    (resolve) => {
      execFile(process.execPath, args, (error, stdout, stderr) => {
        resolve({ stdout, stderr, ...(error?.signal && { signal: error.signal }) });
      });
    },
  );
  expect([signal, signal ? '' : stderr]).toEqual([
    dieAfter === undefined ? undefined : 'SIGKILL',
    expect.not.stringContaining('Error'),
  ]);
  return stdout.split('\n').slice(0, -1);
}

it('a run that is killed and resumed is the run that was not, to the bit', async () => {
  const [whole, killed] = [newFolder(), newFolder()];
  const expected = await trainInProcess(whole, 'anew');
  expect(expected).toHaveLength(61);

  await trainInProcess(killed, 'anew', 15);
  await trainInProcess(killed, 'resume', 30);
  // Whatever the moment was, the last checkpoint is whole.
  const { state } = await readCheckpoint(folderStore(), await lastCheckpoint(folderStore(), killed));
  expect(state.globalStep).toBeGreaterThanOrEqual(28);
  const rest = await trainInProcess(killed, 'resume');

  expect(rest).toEqual(expected.slice(state.globalStep));
  expect(readdirSync(killed).filter((name) => name.startsWith('.'))).toEqual([]);
});
