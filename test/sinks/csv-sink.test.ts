import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { csvSink } from '../../src/node.js';
import { updates } from './updates.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainscope-csv-'));
  file = join(folder, 'deep', 'updates.csv');
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = () => readFileSync(file, 'utf8');

describe('csvSink', () => {
  it('wide: step first, then one column a parameter; lines end as RFC 4180 says', async () => {
    const sink = csvSink(file);
    sink.next(updates(1, { 'a/kernel': [0.5, 1], 'a/bias': [0.25, 1] }));
    sink.next(updates(2, { 'a/kernel': [Number.NaN, 1], 'a/bias': [Infinity, 1] }));
    sink.complete();
    await sink.closed;
    expect(text()).toBe('step,a/kernel,a/bias\r\n1,0.5,0.25\r\n2,NaN,inf\r\n');
  });

  it('tutorial: the same file as the tutorial’s csv.DictWriter', async () => {
    const sink = csvSink(file, { layout: 'tutorial' });
    sink.next(updates(1, { 'a,b': [0.5, 1], 'c"d': [0.25, 1] }));
    sink.complete();
    await sink.closed;
    expect(text()).toBe('"a,b","c""d"\r\n0.5,0.25\r\n');
  });

  it('long: a row a parameter and step, every statistic, parameters that come and go', async () => {
    const sink = csvSink(file, { layout: 'long' });
    sink.next(updates(1, { a: [0.5, 2] }));
    sink.next(updates(2, { a: [0.5, 2], b: [1, 2] }));
    sink.complete();
    await sink.closed;
    expect(text().split('\r\n')).toEqual([
      'run,step,epoch,time,loss,learning_rate,parameter,size,updateNorm,weightNorm,updateRatio',
      'run,1,0.1,1000,1,0.001,a,4,0.5,2,0.25',
      'run,2,0.2,2000,0.5,0.001,a,4,0.5,2,0.25',
      'run,2,0.2,2000,0.5,0.001,b,4,1,2,0.5',
      '',
    ]);
  });

  it('gives any names and values back to a CSV parser', async () => {
    const name = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !text.includes('\ufeff'));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        async (names, value) => {
          const sink = csvSink(file, { layout: 'tutorial' });
          sink.next(updates(1, Object.fromEntries(names.map((n) => [n, [value, 1] as const]))));
          sink.complete();
          await sink.closed;
          const [header, row] = parse(text(), { relax_column_count: false, record_delimiter: '\r\n' }) as string[][];
          expect(new Set(header)).toEqual(new Set(names));
          for (const cell of row!) expect(Number(cell)).toBe(value === 0 ? 0 : value);
        },
      ),
      { numRuns: 25, seed: 5 },
    );
  });

  it('a new parameter ends the file with an error that says so; the rows before are whole', async () => {
    const sink = csvSink(file);
    sink.next(updates(1, { a: [1, 1] }));
    sink.next(updates(2, { a: [1, 1], b: [1, 1] }));
    sink.next(updates(3, { a: [1, 1] }));
    await expect(sink.closed).rejects.toThrow(
      /expected the 1 that the header has, got also b at step 2; rows up to there are kept; use { layout: 'long' }/,
    );
    expect(text()).toBe('step,a\r\n1,1\r\n');
  });

  it('leaves the cell of a parameter empty that is missing for a step', async () => {
    const sink = csvSink(file);
    sink.next(updates(1, { a: [1, 1], b: [2, 1] }));
    sink.next(updates(2, { b: [3, 1] }));
    sink.complete();
    await sink.closed;
    expect(text()).toBe('step,a,b\r\n1,1,2\r\n2,,3\r\n');
  });

  it('continues a file of the same header, and no other', async () => {
    for (const step of [1, 2]) {
      const sink = csvSink(file, { append: true });
      sink.next(updates(step, { a: [step, 1] }));
      sink.complete();
      await sink.closed;
    }
    expect(text()).toBe('step,a\r\n1,1\r\n2,2\r\n');
    const other = csvSink(file, { append: true });
    other.next(updates(3, { b: [1, 1] }));
    await expect(other.closed).rejects.toThrow(
      /append: expected .* to begin with "step,b", got "step,a"; write to another file/,
    );
    expect(text()).toBe('step,a\r\n1,1\r\n2,2\r\n');
  });

  it('keeps at most a block in memory, in a loop that never yields', () => {
    const sink = csvSink(file);
    const row = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`parameter-${i}`, [1 / 3, 1] as const]));
    for (let step = 1; step <= 50; step++) sink.next(updates(step, row));
    expect(text().length).toBeGreaterThan(400_000);
    sink.complete();
    expect(text().split('\r\n')).toHaveLength(52);
  });

  it('flush puts every row on disk', async () => {
    const sink = csvSink(file);
    sink.next(updates(1, { a: [1, 1] }));
    await sink.flush();
    expect(text()).toBe('step,a\r\n1,1\r\n');
    sink.complete();
  });

  it('refuses what cannot be written, and says why and what to do', () => {
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'folder'));
    expect(() => csvSink(join(folder, 'file', 'x.csv'))).toThrow(
      /path: expected a file that can be written, got ".*x.csv" \((ENOTDIR|EEXIST)\); a part of the path/,
    );
    expect(() => csvSink(join(folder, 'folder'))).toThrow(/\(EISDIR\); give the name of a file/);
    expect(() => csvSink('')).toThrow('path: expected the name of a file, got ""');
    expect(() => csvSink(file, { layout: 'tall' as 'long' })).toThrow(
      'layout: expected one of wide, tutorial, long; got "tall"',
    );
    expect(() => csvSink(file, { statistic: 'norm' as 'updateNorm' })).toThrow(
      /statistic: expected one of updateNorm, .*; got "norm"/,
    );
    expect(existsSync(file)).toBe(false);
  });

  it('says so when the updates lack its statistic', async () => {
    const sink = csvSink(file, { statistic: 'gradientNorm' });
    sink.next(updates(1, { a: [1, 1] }));
    await expect(sink.closed).rejects.toThrow(
      'statistic: expected one that the updates have, updateNorm, weightNorm, updateRatio; got "gradientNorm"',
    );
  });

  it('leaves no handlers on the process, however many there were', async () => {
    const counts = () => ['exit', 'SIGINT', 'SIGTERM'].map((event) => process.listenerCount(event));
    const before = counts();
    const sinks = Array.from({ length: 20 }, (_, i) => csvSink(join(folder, `${i}.csv`)));
    expect(counts()).toEqual(before.map((count) => count + 1));
    for (const sink of sinks) sink.complete();
    await Promise.all(sinks.map(({ closed }) => closed));
    expect(counts()).toEqual(before);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'a process killed by %s leaves whole rows, and dies of it',
    async (signal) => {
      const loop = fileURLToPath(new URL('csv-loop.ts', import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', loop, file], { stdio: ['ignore', 'pipe', 'inherit'] });
      const rows = await new Promise<number>((resolve) => {
        let said = '';
        child.stdout.on('data', (data) => {
          said += data;
          const last = Number(said.trim().split('\n').at(-1));
          if (last >= 30 && child.kill(signal)) resolve(last);
        });
      });
      const [, killedBy] = await new Promise<[number | null, string | null]>((resolve) =>
        child.on('exit', (code, by) => resolve([code, by])),
      );
      expect(killedBy).toBe(signal);
      const lines = text().split('\r\n');
      expect(lines.at(-1)).toBe('');
      expect(lines.length - 2).toBeGreaterThanOrEqual(rows);
      expect(lines.slice(1, -1).map((line) => line.split(',').length)).toEqual(lines.slice(1, -1).map(() => 3));
    },
  );
});
