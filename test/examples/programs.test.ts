import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Run an example as a person would, in a folder of its own. */
async function run(example: string, check: (output: string, folder: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-example-'));
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', join(ROOT, 'node_modules/tsx/dist/esm/index.mjs'), join(ROOT, 'examples', example)],
      { cwd: folder, env: { ...process.env, TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.json') }, maxBuffer: 2 ** 24 },
    );
    check(stdout, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('fit.ts prints every parameter at every step, and writes them', async () => {
  await run('fit.ts', (output, folder) => {
    const lines = output.trim().split('\n');
    expect(lines[0]).toMatch(/^backend: (tensorflow|wasm|cpu)$/);
    const updates = lines.filter((line) => /^Parameter (hidden|classifier)\/(kernel|bias) updated by: \d/.test(line));
    // 2 epochs of 8 batches, 4 parameters.
    expect(updates).toHaveLength(64);
    const rows = readFileSync(join(folder, 'parameter_updates.csv'), 'utf8').trim().split('\r\n');
    expect(rows[0]).toBe('step,hidden/kernel,hidden/bias,classifier/kernel,classifier/bias');
    expect(rows).toHaveLength(17);
    expect(updates[0]).toBe(`Parameter hidden/kernel updated by: ${rows[1]!.split(',')[1]}`);
  });
});

it('custom-loop.ts prints loss changes, mean ratios and the fastest parameters', async () => {
  await run('custom-loop.ts', (output) => {
    expect(output.match(/^loss change -?\d/gm)).toHaveLength(99);
    expect(output.match(/^mean update ratio \d/gm)).toHaveLength(5);
    expect(output.match(/^linear\/(weight|bias) [\d.e-]+ [\d.e-]+$/gm)).toHaveLength(200);
  });
});
