import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Run an example as a person would, in a folder of its own (`prepare` puts files into it), which is gone after the check. */
export async function runExample(
  example: string,
  args: readonly string[],
  check: (output: string, folder: string) => void,
  prepare: (folder: string) => unknown = () => {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-example-'));
  try {
    await prepare(folder);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', join(ROOT, 'node_modules/tsx/dist/esm/index.mjs'), join(ROOT, 'examples', example), ...args],
      { cwd: folder, env: { ...process.env, TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.json') }, maxBuffer: 2 ** 26 },
    );
    check(stdout, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
