import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { newFolder } from './tiny.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = join(ROOT, 'test/trainer/starved-trainer.ts');
const LOADER = join(ROOT, 'node_modules/tsx/dist/esm/index.mjs');

/** What the program says at its end, of a process that may open so many files at once. */
async function starved(
  how: string,
  saveFailure: string,
): Promise<{ rejected?: string; alerts: string[]; steps: number; saved: string[] }> {
  const outputDir = newFolder();
  const args = ['--import', LOADER, PROGRAM, outputDir, how, saveFailure];
  const stdout = await new Promise<string>((resolve, reject) => {
    const command = ['-c', 'ulimit -n 128; exec "$0" "$@"', process.execPath, ...args];
    execFile('bash', command, (error, out, err) => (error ? reject(new Error(err)) : resolve(out)));
  });
  return { ...JSON.parse(stdout.trim().split('\n').at(-1)!), saved: readdirSync(outputDir).sort() };
}

describe.concurrent('a checkpoint that no file can be opened for', () => {
  it('is tried again, and written when one can', async () => {
    const run = await starved('for a moment', 'continue');
    expect(run).toEqual({
      alerts: ['begin error 2', 'end info 2'],
      steps: 4,
      saved: ['checkpoint-2', 'checkpoint-4'],
    });
  });

  it('is told, and the training goes on', async () => {
    const run = await starved('for a step', 'continue');
    expect(run).toEqual({ alerts: ['begin error 2', 'end info 4'], steps: 4, saved: ['checkpoint-4'] });
  });

  it('ends the training where that is asked for', async () => {
    const run = await starved('for a step', 'fail');
    expect(run).toMatchObject({ rejected: expect.stringContaining('EMFILE'), steps: 2 });
  });
});
