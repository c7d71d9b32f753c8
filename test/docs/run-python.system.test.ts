import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { pythonWithTorch, startPython } from '../helpers/python-client.js';
import { pages, readInfo } from './pages.js';

const folder = mkdtempSync(join(tmpdir(), 'run-python-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What reads files of ours by pandas, DuckDB and Spark is tested where those files are. */
const blocks = pages().flatMap(({ path, codeBlocks }) =>
  codeBlocks
    .filter((block) => readInfo(block).language === 'python' && !readInfo(block).notRun)
    .filter(({ text }) => text.includes('import trainscope'))
    .map(({ text }) => [path, text] as const),
);
const RANK_ALONE = { RANK: '0', WORLD_SIZE: '1', MASTER_ADDR: '127.0.0.1', MASTER_PORT: '0' };

it.each(blocks)('a block of Python in %s runs as it is', async (_path, program) => {
  const { ended } = startPython(pythonWithTorch(), ['-c', program], { cwd: folder, env: RANK_ALONE });
  const { code, errors } = await ended;
  expect(`${code} ${errors}`).toMatch(/^0 .*trainscope: /s); // it says where it writes
});
