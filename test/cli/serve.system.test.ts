import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { readRun, serveRuns } from '../../src/node.js';
import { SendingProcess, stepRecords, TABLE } from '../server/ingest/post.js';
import { until } from './until.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'trainscope-serve-'));
afterAll(() => rmSync(folder, { recursive: true }));

const COMMAND = ['--import', join(ROOT, 'node_modules/tsx/dist/esm/index.mjs'), join(ROOT, 'src/cli/main.ts')];

it('takes a run, records it in the folder for other commands, and ends with it whole', async () => {
  const env = { ...process.env, TRAINSCOPE_TOKEN: 'secret' };
  const child = spawn(process.execPath, [...COMMAND, 'serve', join(folder, 'runs'), '--port', '0'], {
    cwd: folder,
    env,
  });
  try {
    const url = (await until(child.stdout, /^http:\S+\/\n/)).trim().replace(/\/$/, '');
    await until(child.stderr, new RegExp(`TRAINSCOPE_URL=${url} `));
    expect((await fetch(url)).status).toBe(401);
    const other = new SendingProcess(url, { run: 'bert', token: 'secret' });
    expect((await other.begin(TABLE, ...stepRecords(1), ...stepRecords(2))).status).toBe(200);
    child.kill('SIGINT');
    expect((await once(child, 'exit'))[0]).toBe(0);
  } finally {
    child.kill('SIGKILL');
  }
  expect(readdirSync(join(folder, 'runs')).sort()).toEqual([
    '.bert.jsonl.memory',
    '.trainscope-index.json',
    'bert.jsonl',
  ]);
  const summary = [...COMMAND, 'summary', join(folder, 'runs/bert.jsonl')];
  const { stdout } = await promisify(execFile)(process.execPath, summary, { cwd: ROOT });
  expect(stdout).toMatch(/^bert {2}2 steps/);
});

it('one that is killed is followed by the next, which goes on in the same file', async () => {
  const place = join(folder, 'killed');
  const child = spawn(process.execPath, [...COMMAND, 'serve', place, '--port', '0'], { cwd: folder });
  const url = (await until(child.stdout, /^http:\S+\/\n/)).trim().replace(/\/$/, '');
  const other = new SendingProcess(url, { run: 'bert' });
  await other.begin(TABLE, ...stepRecords(1));
  await other.send(...stepRecords(2));
  child.kill('SIGKILL');
  await once(child, 'exit');
  const server = await serveRuns(place, { port: 0 });
  const same = new SendingProcess(server.url, { run: 'bert', session: other.session });
  expect((await same.begin(TABLE, ...stepRecords(3))).body.run).toBe('bert');
  await server.close();
  const steps: number[] = [];
  for await (const { type, step } of readRun(join(place, 'bert.jsonl'))) if (type === 'step-end') steps.push(step);
  expect(steps).toEqual([1, 2, 3]);
});

it('one that is killed has told the next what its rules know', { timeout: 30_000 }, async () => {
  const nan = (step: number) =>
    stepRecords(step).map((record) => ({ ...record, ...('loss' in record && { loss: null, $: [['NaN', 'loss']] }) }));
  const place = join(folder, 'remembers');
  const child = spawn(process.execPath, [...COMMAND, 'serve', place, '--port', '0'], { cwd: folder });
  const url = (await until(child.stdout, /^http:\S+\/\n/)).trim().replace(/\/$/, '');
  const other = new SendingProcess(url, { run: 'bert' });
  await other.begin(TABLE, ...nan(1));
  while (!existsSync(join(place, '.bert.jsonl.memory'))) await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill('SIGKILL');
  await once(child, 'exit');
  const server = await serveRuns(place, { port: 0 });
  const same = new SendingProcess(server.url, { run: 'bert', session: other.session });
  await same.begin(TABLE, ...nan(2), ...nan(3));
  await server.close();
  const alerts: unknown[] = [];
  for await (const record of readRun(join(place, 'bert.jsonl'))) {
    if (record.type === 'alert') alerts.push([record.rule, record.phase, record.step]);
  }
  expect(alerts).toEqual([['non-finite-loss', 'begin', 1]]);
});

it.each([
  ['a port that there is not', ['--port', '70000'], 2, /whole number from 0 to 65535/],
  ['a severity that there is not', ['--stop-on-alert', 'bad'], 2, /Allowed choices are info, warning, error/],
])('refuses %s', async (_, flags, code, message) => {
  const called = promisify(execFile)(process.execPath, [...COMMAND, 'serve', folder, ...flags], { cwd: ROOT });
  await expect(called).rejects.toMatchObject({ code, stderr: expect.stringMatching(message) });
});
