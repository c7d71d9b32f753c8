/** Nothing of another's is destroyed: files that no sink made, files that another sink writes. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { csvSink, jsonlSink, replay, reportSink, tensorboardSink } from 'trainscope/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { all } from '../../helpers/recorded.js';
import { updatesOf } from '../../helpers/updates.js';
import { event } from '../../operators/fake-run.js';
import { buildJob, startJob } from './run-job.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(buildJob);

let files = 0;
const newPath = (end = 'jsonl') => join(folder, `${++files}.${end}`);
const text = (path: string) => readFileSync(path, 'utf8');
const step = (n: number) => updatesOf({ a: n / 4, b: 1 / n }, { step: n });

const FOREIGN: Readonly<Record<string, string>> = {
  'a text': 'Dear diary,\nnothing moved today.\n',
  'a text without an end of line': 'Dear diary',
  'other JSON lines': '{"time":1,"level":30,"msg":"hi"}\n',
  'a table of others': 'name,age\r\nAda,36\r\n',
  'a table without an end of line': 'name,age\r\nAda,36',
  'some bytes': '\0\u0001\u0002\n\0',
};

describe.each(Object.entries(FOREIGN))('%s', (_, content) => {
  it.each([
    ['jsonlSink, append', (path: string) => jsonlSink(path, { append: true })],
    ['jsonlSink', (path: string) => jsonlSink(path)],
    ['csvSink', (path: string) => csvSink(path, { layout: 'long' })],
    ['csvSink, tutorial', (path: string) => csvSink(path, { layout: 'tutorial' })],
    ['reportSink', (path: string) => reportSink(path)],
  ] as const)('is refused, and stays: %s', (_name, make) => {
    const path = newPath();
    writeFileSync(path, content);
    expect(() => make(path)).toThrow(/^path: expected a file of this sink to be (continued|replaced), got ".*"/);
    expect(text(path)).toBe(content);
    expect(readdirSync(folder).filter((name) => name.endsWith('.lock') || name.includes('.part'))).toEqual([]);
  });

  it('is refused at the first updates, and stays: csvSink, append', async () => {
    const path = newPath();
    writeFileSync(path, content);
    const sink = csvSink(path, { append: true });
    sink.next(step(1));
    await expect(sink.closed).rejects.toThrow(/^(append|path): expected /);
    expect(text(path)).toBe(content);
  });
});

it('replaces what is its own, also where a kill has torn the first line', async () => {
  const long = newPath('csv');
  for (const content of ['', 'run,st', 'run,step,epoch,time,loss\r\n', 'step,a\r\n1,2']) {
    writeFileSync(long, content);
    const sink = csvSink(long, { layout: 'long' });
    sink.next(step(1));
    await sink.close();
    expect(text(long)).toMatch(/^run,step,epoch,.*\r\ntest,1,/);
  }
  const jsonl = newPath();
  for (const content of ['', '{"v":1,"ty', '{"v":1,"type":"log"}\n']) {
    writeFileSync(jsonl, content);
    await jsonlSink(jsonl).close();
    expect(text(jsonl)).toBe('');
  }
  const tutorial = newPath('csv');
  for (const layout of ['tutorial', 'wide'] as const) {
    const sink = csvSink(tutorial, { layout });
    sink.next(step(1));
    await sink.close();
  }
  expect(text(tutorial)).toMatch(/^step,a,b\r\n/);
});

describe('a whole last record without its end of line', () => {
  it('of JSON lines is kept', async () => {
    const path = newPath();
    const before = '{"v":1,"type":"log","run":"a","step":1,"epoch":0,"time":0,"metrics":{}}';
    writeFileSync(path, `${before}\n${before}`);
    const sink = jsonlSink(path, { append: true });
    sink.next(event('step-begin'));
    await sink.close();
    expect((await all(replay(path))).map(({ type }) => type)).toEqual(['log', 'log', 'step-begin']);
  });

  it.each(['', '\r'])('of CSV is kept: %j', async (end) => {
    const path = newPath('csv');
    writeFileSync(path, `step,a,b\r\n1,0.5,0.25${end}`);
    const sink = csvSink(path, { append: true });
    sink.next(step(2));
    await sink.close();
    expect(text(path)).toBe('step,a,b\r\n1,0.5,0.25\r\n2,0.5,0.5\r\n');
  });

  it('of CSV is cut where it may be a torn number: where blocks of a disk end', async () => {
    const path = newPath('csv');
    const rows = `step,a,b\r\n${'1,0.5,0.25\r\n'.repeat(41)}`;
    writeFileSync(path, rows + '2,0.5,0.25'.padEnd(512 - rows.length, '3'));
    const sink = csvSink(path, { append: true });
    sink.next(step(2));
    await sink.close();
    expect(text(path)).toBe(`${rows}2,0.5,0.5\r\n`);
  });
});

describe('two sinks on one file', () => {
  const IN_USE = /^path: expected a file that no one else writes, got ".*", which another sink of this process writes/;

  it.each([
    ['jsonlSink', jsonlSink],
    ['csvSink', csvSink],
    ['reportSink', reportSink],
  ] as const)('in one process: the second is refused, by any path: %s', async (_, make) => {
    const path = newPath();
    const first = make(path);
    if (!existsSync(path)) writeFileSync(path, '');
    symlinkSync(path, `${path}.link`);
    mkdirSync(`${path}.folder`);
    expect(() => make(path)).toThrow(IN_USE);
    expect(() => make(`${path}.link`)).toThrow(IN_USE);
    expect(() => make(`${path}.folder/../${path.split('/').at(-1)}`)).toThrow(IN_USE);
    await first.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
    await make(path).close();
  });

  it('in one process: hard links are one file', async () => {
    const path = newPath();
    const first = jsonlSink(path);
    linkSync(path, `${path}.hard`);
    expect(() => jsonlSink(`${path}.hard`, { append: true })).toThrow(/which another sink of this process writes/);
    await first.close();
  });

  it('in two processes: the second is refused, until the first has ended or was killed', async () => {
    const path = newPath();
    const { child, ready, said } = startJob('hold', path);
    await ready;
    const before = text(path);
    symlinkSync(path, `${path}.link`);
    for (const options of [{}, { append: true }]) {
      expect(() => jsonlSink(path, options)).toThrow(`which process ${child.pid} writes`);
      expect(() => jsonlSink(`${path}.link`, options)).toThrow(`which process ${child.pid} writes`);
    }
    expect(text(path)).toBe(before);
    child.kill('SIGKILL');
    await said;
    expect(existsSync(`${path}.lock`)).toBe(true);
    const next = jsonlSink(path, { append: true });
    expect(text(path)).toBe(before);
    await next.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it.runIf(process.platform === 'linux')(
    'in two threads: until the first has ended, also without closing',
    async () => {
      const path = newPath();
      const [, refused, after] = await startJob('thread', path).said;
      expect([refused, after]).toEqual([expect.stringMatching(/which process \d+ writes/), 'done']);
      expect(existsSync(`${path}.lock`)).toBe(false);
    },
  );

  it('a process that ends without closing leaves no lock', async () => {
    const path = newPath();
    expect(await startJob('leave', path).said).toEqual(['ready']);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it.each([
    ['a number that is another process by now', { pid: process.pid, started: '1' }, true],
    ['a process that is no more', { pid: 2 ** 22 + 1, started: '1' }, true],
    ['a machine that was started anew', { boot: 'another' }, true],
    ['a thread of this process that is no more', { thread: '1' }, process.platform === 'linux'],
    ['another container, long ago', { pids: 'pid:[1]' }, true],
    ['this process', {}, false],
  ])('a lock of %s', (_, fields, free) => {
    const path = newPath();
    const first = jsonlSink(path);
    const lock = JSON.parse(text(`${path}.lock`));
    void first.close();
    writeFileSync(`${path}.lock`, JSON.stringify({ ...lock, ...fields }));
    execFileSync('touch', ['-d', '1 hour ago', path]);
    if (free) void jsonlSink(path).close();
    else expect(() => jsonlSink(path)).toThrow(/^path: expected a file that no one else writes/);
    expect(existsSync(`${path}.lock`)).toBe(!free);
  });

  it("leaves another program's lock file alone", async () => {
    const path = newPath();
    writeFileSync(`${path}.lock`, 'mine');
    await jsonlSink(path).close();
    expect(text(`${path}.lock`)).toBe('mine');
  });
});

describe('a file that somebody changes during the run', () => {
  it('cut to nothing: has no NULs, reads back, and close() tells', async () => {
    const path = newPath();
    const sink = jsonlSink(path);
    sink.next(step(1));
    sink.next(step(2));
    truncateSync(path, 0);
    sink.next(step(3));
    sink.next(step(4));
    await expect(sink.close()).rejects.toThrow(/^".*" was cut from \d+ to 0 bytes by somebody during the run/);
    expect(text(path)).not.toContain('\0');
    expect((await all(replay(path))).map((record) => record.step)).toEqual([3, 4]);
  });

  it('cut in the middle of a line: goes on with whole ones', async () => {
    const path = newPath();
    const sink = jsonlSink(path);
    sink.next(step(1));
    sink.next(step(2));
    truncateSync(path, text(path).length - 10);
    sink.next(step(3));
    await expect(sink.close()).rejects.toThrow(/was cut from/);
    expect((await all(replay(path))).map((record) => record.step)).toEqual([1, 3]);
  });

  it.each([0, 15])('CSV, cut to %d bytes: has its header, whole rows and no NULs', async (size) => {
    const path = newPath('csv');
    const sink = csvSink(path);
    for (const n of [1, 2]) sink.next(step(n));
    truncateSync(path, size);
    sink.next(step(4));
    await expect(sink.close()).rejects.toThrow(/was cut from/);
    expect(text(path)).toBe('step,a,b\r\n4,1,0.25\r\n');
  });

  it('event files, cut: begin anew', async () => {
    const path = join(folder, 'tensorboard');
    const sink = tensorboardSink(path);
    sink.next(step(1));
    const file = readdirSync(path, { recursive: true, encoding: 'utf8' }).find((name) => name.includes('tfevents'))!;
    truncateSync(join(path, file), 0);
    sink.next(step(2));
    await expect(sink.close()).rejects.toThrow(/was cut from/);
    expect(readFileSync(join(path, file)).includes('brain.Event:2')).toBe(true);
    expect(readFileSync(join(path, file))[0]).not.toBe(0);
  });

  it.each([
    ['jsonlSink', jsonlSink],
    ['csvSink', csvSink],
  ] as const)('removed: is told with the next record: %s', async (_, make) => {
    const path = newPath();
    const sink = make(path);
    sink.next(step(1));
    unlinkSync(path);
    sink.next(step(2));
    await expect(sink.closed).rejects.toThrow(/^".*" was removed by somebody during the run/);
  });

  it('written to by somebody else: is told, and nothing is written over', async () => {
    const path = newPath();
    const sink = jsonlSink(path);
    sink.next(event('step-begin'));
    appendFileSync(path, 'hello\n');
    sink.next(event('step-begin'));
    await expect(sink.close()).rejects.toThrow(/was also written by somebody else during the run/);
    expect(
      text(path)
        .split('\n')
        .map((line) => line.slice(0, 5)),
    ).toEqual(['{"v":', 'hello', '{"v":', '']);
  });
});

describe.runIf(process.platform !== 'win32')('what would hold a process up', () => {
  it('a pipe without a reader is refused', async () => {
    const path = newPath();
    execFileSync('mkfifo', [path]);
    const told = await startJob('pipe', path).said;
    expect(told).toHaveLength(3);
    for (const line of told.slice(0, 2)) expect(line).toMatch(/ENXIO.*no one reads this pipe: start its reader first$/);
    expect(told[2]).toMatch(/^path: expected a file that can be written, .*a pipe or a device/);
  });

  it('a pipe whose reader stops ends the sink, not the training', async () => {
    const path = newPath();
    execFileSync('mkfifo', [path]);
    // Open at both ends, so that the shell does not wait for a writer.
    const reader = spawn('sh', ['-c', 'exec 3<> "$0"; echo; exec sleep 30', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(reader.stdout, 'data');
      const told = await startJob('stuck-pipe', path).said;
      expect(told[0]).toBe('went on');
      expect(told[1]).toMatch(/could not be written further \(EAGAIN: .*its reader does not read$/);
    } finally {
      reader.kill();
    }
  });

  it('a relative path in a folder that is no more is refused', async () => {
    const told = await startJob('gone-folder').said;
    expect(told).toHaveLength(3);
    for (const line of told)
      expect(line).toMatch(/^path: expected a file that can be written, got "a\/b\/file" \(ENOENT/);
  });
});
