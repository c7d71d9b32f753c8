import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * All temporary folders of a run of the tests lie in one, which is removed after it: files that share a process cannot
 * each be relied on for that, and a test that is killed cannot either.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-tests-'));
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
}
