import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodeRecord } from 'trainscope';
import { afterAll, describe, expect, it } from 'vitest';
import type { Changes } from '../../src/page/history/changes.js';
import { PageFollower } from '../helpers/page-follower.js';
import { rankFile, writeRanks } from '../helpers/rank-files.js';
import { linesIn } from '../sinks/report/data-of.js';
import { until } from './until.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'trainscope-live-'));
afterAll(() => rmSync(folder, { recursive: true }));

const COMMAND = ['--import', join(ROOT, 'node_modules/tsx/dist/esm/index.mjs'), join(ROOT, 'src/cli/main.ts')];

function line(step: number, loss: number): string {
  const times = { durationMs: 1, observingMs: 0, examples: 4 };
  const at = { run: 'run', step, epoch: 0.1, time: 1000 + step };
  return `${encodeRecord({ type: 'step-end', ...at, loss, learningRate: 0.1, ...times } as { type: string })}\n`;
}

function recorded(name: string, loss: number): string {
  const file = join(folder, name);
  writeFileSync(file, line(1, loss) + line(2, loss));
  return file;
}

describe('trainscope live', () => {
  it('serves a file that grows, and another over it, until it is interrupted', async () => {
    const files = [recorded('one.jsonl', 1), recorded('two.jsonl', 2)];
    const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [...COMMAND, 'live', ...files], {
      cwd: ROOT,
    });
    try {
      const url = (await until(child.stdout, /^http:\S+\n/)).trim();
      const page = new PageFollower(url);
      const other = `run (${files[1]})`;
      await page.until(({ runs }) => runs.has(other));
      appendFileSync(files[0]!, line(3, 0.5));
      await page.until(() => page.losses('run').length === 3);
      expect(page.losses('run')).toEqual([
        [1, 1],
        [2, 1],
        [3, 0.5],
      ]);
      // What was there was read from files; now they are heard of.
      const again = new PageFollower(url);
      const presences = () => again.changes.flatMap(({ runs }) => runs.flatMap(({ presence = [] }) => presence));
      await again.until(() => presences().length === 2);
      expect(presences()).toEqual(['heard', 'heard']);
      child.kill('SIGINT');
      const [code] = await once(child, 'close');
      expect(code).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

it('trainscope live --skip-damaged tells of the first damaged line at once, and of all at the end', async () => {
  const file = recorded('damaged.jsonl', 1);
  const child = spawn(process.execPath, [...COMMAND, 'live', file, '--skip-damaged'], { cwd: ROOT });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  try {
    const url = (await until(child.stdout, /^http:\S+\n/)).trim();
    const page = new PageFollower(url);
    await page.until(() => page.losses('run').length === 2);
    appendFileSync(file, `damaged\n${line(3, 0.5)}{"v":1\n${line(4, 0.25)}`);
    await page.until(() => page.losses('run').length === 4);
    expect(page.losses('run')).toEqual([
      [1, 1],
      [2, 1],
      [3, 0.5],
      [4, 0.25],
    ]);
    expect(stderr).toContain(`line 3 of ${file} is damaged, and skipped; others are counted\n`);
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect(stderr).toContain(`2 damaged lines of ${file} were skipped; the first is line 3\n`);
  } finally {
    child.kill('SIGKILL');
  }
});

it.each([
  ['named by their first', (place: string) => [rankFile(place, 0)]],
  ['all named', (place: string) => [2, 0, 1].map((rank) => rankFile(place, rank))],
  ['named by their folder', (place: string) => [place]],
])('trainscope live shows the files of the ranks of a run as one: %s', async (_, named) => {
  const place = mkdtempSync(join(folder, 'ranks-'));
  writeRanks(place, 2);
  writeFileSync(join(place, 'notes.jsonl'), '["no run"]\n');
  const child = spawn(process.execPath, [...COMMAND, 'live', ...named(place)], { cwd: ROOT });
  try {
    const url = (await until(child.stdout, /^http:\S+\n/)).trim();
    const page = new PageFollower(url);
    await page.until(({ runs }) => runs.get('bert')?.state.value.end?.status === 'completed');
    expect([...page.histories.runs.keys()]).toEqual(['bert']);
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(0);
  } finally {
    child.kill('SIGKILL');
  }
});

it.each(['summary', 'plot', 'replay'])('trainscope %s of the first file is of the whole model', async (command) => {
  const place = mkdtempSync(join(folder, 'whole-'));
  writeRanks(place, 2);
  const file = rankFile(place, 0);
  const csv = join(place, 'updates.csv');
  const flags = { summary: ['--json', '--statistic', 'updateNorm'], plot: [], replay: ['--to', `csv:${csv}`] }[command];
  const { stdout } = await promisify(execFile)(process.execPath, [...COMMAND, command, file, ...flags!], { cwd: ROOT });
  const norm = Math.sqrt(2 + 4 + 6);
  if (command === 'summary') expect(JSON.parse(stdout).runs[0].parameters.rows[0].last).toBe(norm);
  else if (command === 'replay') expect(readFileSync(csv, 'utf8')).toContain(`,${norm},0.5`);
  else expect(readFileSync(join(place, 'bert.svg'), 'utf8')).not.toContain('not finite');
});

it('nothing is written over the file of another rank', async () => {
  const place = mkdtempSync(join(folder, 'kept-'));
  writeRanks(place, 2);
  const called = promisify(execFile)(
    process.execPath,
    [...COMMAND, 'replay', rankFile(place, 0), '--to', `csv:${rankFile(place, 1)}`],
    { cwd: ROOT },
  );
  await expect(called).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('bert.rank1.jsonl') });
});

describe('trainscope live, before it gives an address', () => {
  it.each([
    ['that is not there', 'nope.jsonl', undefined, /file: expected one that can be read, got ".*nope\.jsonl" \(ENOENT/],
    ['that is a folder of none', 'none', undefined, /none: expected recorded runs in it \(\.jsonl\), got none/],
    ['that is no recorded run', 'u.csv', 'step,a\n1,2\n', /u\.csv, line 1: expected a record of a run, got "step,a"/],
  ])('fails for a file %s', async (_, name, content, message) => {
    const file = join(folder, name);
    if (content !== undefined) writeFileSync(file, content);
    mkdirSync(join(folder, 'none'), { recursive: true });
    const good = recorded('good.jsonl', 1);
    const failed = await promisify(execFile)(process.execPath, [...COMMAND, 'live', good, file], {
      cwd: ROOT,
      timeout: 30_000,
    }).catch((cause) => cause);
    expect([failed.code, failed.stdout]).toEqual([1, '']);
    expect(failed.stderr).toMatch(message);
  });
});

describe('trainscope report', () => {
  it('makes one file of recorded runs, beside the first, and says where', async () => {
    const files = [recorded('a.jsonl', 1), recorded('b.jsonl', 2)];
    const { stdout } = await promisify(execFile)(process.execPath, [...COMMAND, 'report', ...files], { cwd: ROOT });
    expect(stdout).toBe(`${join(folder, 'a.html')}\n`);
    const data = /id="data">([^<]+)</.exec(readFileSync(join(folder, 'a.html'), 'utf8'))![1]!;
    const runs = linesIn(data).flatMap((line) => (JSON.parse(line) as Changes).runs);
    expect(new Set(runs.map(({ name }) => name))).toEqual(new Set(['run', `run (${files[1]})`]));
  });
});
