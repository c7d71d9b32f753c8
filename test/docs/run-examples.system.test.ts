import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { merge } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { observe, parameterUpdates } from '../../src/index.js';
import { jsonlSink } from '../../src/node.js';
import { pages, ROOT, readInfo } from './pages.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'run-examples-'));
// Where packages are found; `trainscope` itself by the paths of tsconfig.json, which count outside of node_modules only.
symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
afterAll(() => rmSync(folder, { recursive: true }));

/** The only thing that pages talk about and a block does not make: a run that was recorded before. */
const RECORDED = join(folder, 'results', 'run.jsonl');

beforeAll(async () => {
  const weight = Float32Array.of(3, -4);
  const recorded = observe({ weight }, { run: 'first' });
  recorded.attach(merge(recorded.events$, recorded.events$.pipe(parameterUpdates())), jsonlSink(RECORDED));
  for (let step = 0; step < 5; step++) recorded.step({ loss: 1, learningRate: 0.1 }, () => weight.fill(step));
  await recorded.close();
});

const runnable = pages().flatMap(({ path, codeBlocks }) => {
  const blocks = codeBlocks.filter((block) => {
    const { language, notRun } = readInfo(block);
    return language === 'ts' && !notRun;
  });
  return blocks.length > 0 ? [[path, blocks.map(({ text }) => text)] as const] : [];
});

it.each(runnable)('the examples of %s run as they are', { timeout: 240_000 }, async (path, blocks) => {
  const place = join(folder, path.replaceAll('/', '-'));
  mkdirSync(place);
  cpSync(join(folder, 'results'), join(place, 'results'), { recursive: true });
  writeFileSync(join(place, 'package.json'), '{"type":"module"}');
  const files = blocks.map((code, i) => {
    writeFileSync(join(place, `example-${i}.ts`), `${code}\nexport {};\n`);
    return join(place, `example-${i}.ts`);
  });
  const tsx = ['--import', import.meta.resolve('tsx'), join(ROOT, 'test/docs/run-page.ts')];
  const env = { ...process.env, TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.json') };
  const { stdout } = await run(process.execPath, [...tsx, ...files], { cwd: place, env, maxBuffer: 1e8 });
  expect(stdout.match(/^── /gm)).toHaveLength(blocks.length);
});
