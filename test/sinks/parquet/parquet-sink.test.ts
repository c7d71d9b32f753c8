import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetWriteFile } from 'hyparquet-writer';
import { type AnyParameterUpdates, createParameterUpdates, layerOf, type Statistic } from 'trainscope';
import { type ParquetSinkOptions, parquetSink } from 'trainscope/node';
import { scriptedUpdates } from 'trainscope/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { snakeCase } from '../../../src/sinks/snake-case.js';
import { updatesOf } from '../../helpers/updates.js';
import { formOf, partsOf, rowsOf, rowsOfFolder } from './read-parquet.js';

const root = mkdtempSync(join(tmpdir(), 'trainscope-parquet-'));
afterAll(() => rmSync(root, { recursive: true }));

let folders = 0;
const newFolder = () => join(root, 'runs', `${++folders}`);
const step = (n: number) => updatesOf({ 'a/kernel': n / 4, 'a/bias': 1 / n }, { step: n });

/** A folder with what a sink makes of these updates. */
async function written(
  steps: readonly AnyParameterUpdates[],
  options?: ParquetSinkOptions,
  folder = newFolder(),
): Promise<string> {
  const sink = parquetSink(folder, options);
  for (const updates of steps) sink.next(updates);
  await sink.close();
  return folder;
}

const stepsIn = async (path: string) => (await rowsOf(path)).map((row) => Number(row.step));

it('has one row a parameter and step, in columns whose types and names stay', async () => {
  const first = scriptedUpdates(
    { updateNorm: [0.1, 0.2], weightNorm: [1, 2] },
    {
      run: 'adam',
      step: 7,
      epoch: 0.5,
      time: 1_700_000_000_123,
      loss: 0.25,
      learningRate: 1e-3,
      names: ['b.0.w', 'c'],
    },
  );
  const folder = await written([first]);
  expect(readdirSync(folder)).toEqual(['part-00000.parquet']);
  const path = join(folder, 'part-00000.parquet');
  expect(await formOf(path)).toEqual({
    columns: [
      'run BYTE_ARRAY UTF8 OPTIONAL',
      'step INT64 OPTIONAL',
      'epoch DOUBLE OPTIONAL',
      'time INT64 TIMESTAMP_MILLIS OPTIONAL',
      'loss DOUBLE OPTIONAL',
      'learning_rate DOUBLE OPTIONAL',
      'parameter BYTE_ARRAY UTF8 OPTIONAL',
      'layer BYTE_ARRAY UTF8 OPTIONAL',
      'size INT64 OPTIONAL',
      'update_norm DOUBLE OPTIONAL',
      'weight_norm DOUBLE OPTIONAL',
      'update_ratio DOUBLE OPTIONAL',
      'gradient_norm DOUBLE OPTIONAL',
      'max_abs_update DOUBLE OPTIONAL',
      'unchanged DOUBLE OPTIONAL',
      'non_finite DOUBLE OPTIONAL',
      'mean_abs_ratio DOUBLE OPTIONAL',
      'std_ratio DOUBLE OPTIONAL',
    ],
    rowGroups: [2],
  });
  const common = {
    run: 'adam',
    step: 7n,
    epoch: 0.5,
    time: new Date(1_700_000_000_123),
    loss: 0.25,
    learning_rate: 1e-3,
    size: 1n,
  };
  const none = { update_ratio: null, gradient_norm: null, max_abs_update: null, unchanged: null, non_finite: null };
  const measured = { ...none, mean_abs_ratio: null, std_ratio: null };
  expect(await rowsOf(path)).toEqual([
    { ...common, ...measured, parameter: 'b.0.w', layer: 'b.0', update_norm: 0.1, weight_norm: 1 },
    { ...common, ...measured, parameter: 'c', layer: 'c', update_norm: 0.2, weight_norm: 2 },
  ]);
});

describe('what is not known is null, and NaN is NaN', () => {
  const at = { names: ['w'], sizes: [1], columns: { updateNorm: Float64Array.of(Number.NaN) }, histograms: {} };
  const context = { run: 'r', step: 1, epoch: 0, time: 1, loss: 1, learningRate: 0.1 };
  it.each([
    ['a loss of NaN', { loss: Number.NaN }, { loss: Number.NaN }],
    ['a loss that was never shown', { loss: Number.NaN, lossShown: false as const }, { loss: null }],
    ['a rate that cannot be read', { learningRate: Number.NaN }, { learning_rate: null }],
    ['no time', { time: Number.NaN }, { time: null }],
    ['a size beyond what is counted', { sizes: [Number.POSITIVE_INFINITY] }, { size: null }],
    ['a size beyond 32 bits', { sizes: [2 ** 40] }, { size: 2n ** 40n }],
    ['a record of another program', { step: undefined as never, sizes: [] }, { step: null, size: null }],
    ['a norm of NaN', {}, { update_norm: Number.NaN, weight_norm: null }],
    ['zeros with a sign', { loss: -0 }, { loss: -0 }],
  ])('%s', async (_, fields, expected) => {
    const folder = await written([createParameterUpdates<'updateNorm'>({ ...context, ...at, ...fields })]);
    expect((await rowsOfFolder(folder))[0]).toMatchObject(expected);
  });

  it('statistics that only some steps have', async () => {
    const folder = await written([
      scriptedUpdates({ updateNorm: [1] }, { step: 1 }),
      scriptedUpdates({ updateNorm: [2], stdRatio: [-0] }, { step: 2 }),
      scriptedUpdates({ stdRatio: [Number.NaN] }, { step: 3 }),
    ]);
    const rows = await rowsOfFolder(folder);
    expect(rows.map(({ update_norm, std_ratio }) => [update_norm, std_ratio])).toEqual([
      [1, null],
      [2, -0],
      [null, Number.NaN],
    ]);
  });
});

describe('whatever the steps', () => {
  const NUMBER = fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324));
  const STATISTIC = fc.constantFrom<Statistic>('updateNorm', 'gradientNorm', 'nonFinite', 'stdRatio');
  const STEP = fc
    .record({
      names: fc.uniqueArray(fc.string({ unit: 'binary' }), { maxLength: 7 }),
      statistics: fc.uniqueArray(STATISTIC),
      run: fc.constantFrom('a', 'b/c'),
      step: fc.nat(Number.MAX_SAFE_INTEGER),
      loss: NUMBER,
    })
    .chain(({ names, statistics, ...context }) =>
      fc
        .array(fc.array(NUMBER, { minLength: names.length, maxLength: names.length }), {
          minLength: statistics.length,
          maxLength: statistics.length,
        })
        .map((columns) =>
          createParameterUpdates<never>({
            ...{ epoch: 0, time: 1, learningRate: 0.1, histograms: {}, sizes: names.map(() => 1) },
            ...context,
            names,
            columns: Object.fromEntries(statistics.map((name, i) => [name, Float64Array.from(columns[i]!)])) as never,
          }),
        ),
    );

  it('reads back to the bit, in files of whole steps that have no more rows than they may', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(STEP, { maxLength: 12 }),
        fc.integer({ min: 1, max: 20 }),
        async (steps, rowsPerPart) => {
          const folder = await written(steps, { rowsPerPart });
          const parts = await Promise.all(partsOf(folder).map((name) => rowsOf(join(folder, name))));
          const rows = parts.flat();
          const expected = steps.flatMap((updates) =>
            updates.names.map((name, i) => ({
              run: updates.run,
              step: BigInt(updates.step),
              loss: updates.loss,
              parameter: new TextDecoder().decode(new TextEncoder().encode(name)),
              layer: new TextDecoder().decode(new TextEncoder().encode(layerOf(name))),
              ...Object.fromEntries(
                Object.entries(updates.columns).map(([statistic, column]) => [
                  snakeCase(statistic),
                  (column as Float64Array)[i],
                ]),
              ),
            })),
          );
          expect(rows).toHaveLength(expected.length);
          for (const [i, row] of expected.entries()) {
            for (const [name, value] of Object.entries(row)) expect([name, rows[i]![name]]).toEqual([name, value]);
          }
          expect(Math.max(0, ...parts.map(({ length }) => length))).toBeLessThanOrEqual(rowsPerPart);
          expect(parts.map(({ length }) => length)).toEqual(fewestParts(steps, rowsPerPart));
          rmSync(folder, { recursive: true });
        },
      ),
      { numRuns: 60 },
    );
  });

  /** The rows of each file: as many steps as fit, and those that fit in none in as few as can be. */
  function fewestParts(steps: readonly AnyParameterUpdates[], limit: number): number[] {
    const parts: number[] = [];
    let room = 0;
    for (const { names } of steps) {
      for (let left = names.length; left > 0; ) {
        const piece = Math.min(left, limit);
        if (piece > room) {
          parts.push(0);
          room = limit;
        }
        parts[parts.length - 1]! += piece;
        room -= piece;
        left -= piece;
      }
    }
    return parts;
  }
});

it('keeps what it was given, whatever becomes of that', async () => {
  const updates = step(1);
  const folder = newFolder();
  const sink = parquetSink(folder);
  sink.next(updates);
  updates.columns.updateNorm.fill(99);
  await sink.close();
  expect((await rowsOfFolder(folder)).map((row) => row.update_norm)).toEqual([0.25, 1]);
});

describe('when it is written', () => {
  it('a file that is full, before next() returns', () => {
    const folder = newFolder();
    const sink = parquetSink(folder, { rowsPerPart: 4 });
    sink.next(step(1));
    expect(partsOf(folder)).toEqual([]);
    sink.next(step(2));
    expect(partsOf(folder)).toEqual(['part-00000.parquet']);
    void sink.close();
  });

  it('at a flush all that was taken, in the file that goes on until it is full', async () => {
    const folder = newFolder();
    const sink = parquetSink(folder, { rowsPerPart: 6 });
    await sink.flush();
    expect(partsOf(folder)).toEqual([]);
    for (const n of [1, 2, 3, 4]) {
      sink.next(step(n));
      await sink.flush();
      await sink.flush();
      expect((await rowsOfFolder(folder)).map((row) => Number(row.step))).toEqual(
        [1, 1, 2, 2, 3, 3, 4, 4].slice(0, 2 * n),
      );
    }
    expect(partsOf(folder)).toEqual(['part-00000.parquet', 'part-00001.parquet']);
    await sink.close();
    expect(await stepsIn(join(folder, 'part-00001.parquet'))).toEqual([4, 4]);
  });

  it('now and then, for a hundredth of the time at most', async () => {
    const folder = newFolder();
    let now = 0;
    let writing = 0;
    // Each writing asks twice, and takes 30 ms by this clock.
    const clock = () => {
      now += writing;
      return now;
    };
    const sink = parquetSink(folder, { intervalMs: 1_000, clock });
    const has = async () => (await rowsOfFolder(folder)).length / 2;
    sink.next(step(1));
    expect(await has()).toBe(0);
    now = 1_000;
    writing = 30;
    sink.next(step(2));
    expect(await has()).toBe(2);
    writing = 0;
    now += 2_990;
    sink.next(step(3));
    expect(await has()).toBe(2);
    now += 10;
    sink.next(step(4));
    expect(await has()).toBe(4);
    await sink.close();
  });

  it('nothing at all of a run without updates', async () => {
    const folder = await written([scriptedUpdates({ updateNorm: [] }, { names: [] })]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a folder that has files', () => {
  it('of its own: they are replaced, or gone on after', async () => {
    const folder = await written([1, 2, 3].map(step), { rowsPerPart: 2 });
    expect(partsOf(folder)).toHaveLength(3);
    await written([step(4)], { append: true, rowsPerPart: 2 }, folder);
    await written([step(5)], { append: true }, folder);
    expect((await rowsOfFolder(folder)).map((row) => Number(row.step))).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    expect(partsOf(folder).at(-1)).toBe('part-00004.parquet');
    await written([step(6)], {}, folder);
    expect(partsOf(folder)).toEqual(['part-00000.parquet']);
    expect(await stepsIn(join(folder, 'part-00000.parquet'))).toEqual([6, 6]);
  });

  it('goes on after the last of parts with gaps', async () => {
    const folder = await written([1, 2, 3].map(step), { rowsPerPart: 2 });
    rmSync(join(folder, 'part-00001.parquet'));
    await written([step(4)], { append: true }, folder);
    expect(partsOf(folder)).toEqual(['part-00000.parquet', 'part-00002.parquet', 'part-00003.parquet']);
  });

  const foreign: Readonly<Record<string, (path: string) => void>> = {
    'a Parquet file of others': (filename) => parquetWriteFile({ filename, columnData: [{ name: 'a', data: [1] }] }),
    'a text': (path) => writeFileSync(path, 'Dear diary, trainscope version 1'),
    nothing: (path) => writeFileSync(path, ''),
    'a folder': (path) => mkdirSync(path),
  };
  it.each(
    Object.entries(foreign).flatMap(([what, make]) =>
      ['part-00000.parquet', 'mine.parquet'].flatMap((name) =>
        [false, true].map((append) => [what, name, append, make] as const),
      ),
    ),
  )('%s as %s: is refused and stays, as does all else (append: %s)', async (_, name, append, make) => {
    const folder = await written([1, 2].map(step), { rowsPerPart: 2 });
    rmSync(join(folder, name), { force: true });
    make(join(folder, name));
    const before = contentOf(folder);
    expect(() => parquetSink(folder, { append })).toThrow(
      `path: expected a file of this sink to be ${append ? 'continued' : 'replaced'}, got ${JSON.stringify(join(folder, name))}, which holds something else`,
    );
    expect(contentOf(folder)).toEqual(before);
  });

  it('with other names: they stay', async () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'run.jsonl'), 'mine');
    writeFileSync(join(folder, '.part-notes'), 'mine');
    await written([step(1)], {}, folder);
    await written([step(2)], {}, folder);
    expect(readdirSync(folder).sort()).toEqual(['.part-notes', 'part-00000.parquet', 'run.jsonl']);
  });

  it('of a process that was killed while it wrote: they are cleared away', async () => {
    const folder = await written([step(1)]);
    writeFileSync(join(folder, '.part-00001.parquet.0123456789ab.part'), 'PAR1');
    await written([step(2)], { append: true }, folder);
    expect(readdirSync(folder)).toEqual(['part-00000.parquet', 'part-00001.parquet']);
  });

  it('that somebody puts there during the run: stay, and the next number is taken', async () => {
    const folder = newFolder();
    const sink = parquetSink(folder, { rowsPerPart: 2 });
    sink.next(step(1));
    writeFileSync(join(folder, 'part-00001.parquet'), 'mine');
    sink.next(step(2));
    await sink.close();
    expect(readFileSync(join(folder, 'part-00001.parquet'), 'utf8')).toBe('mine');
    expect(await stepsIn(join(folder, 'part-00002.parquet'))).toEqual([2, 2]);
  });

  function contentOf(folder: string): Record<string, string> {
    return Object.fromEntries(
      readdirSync(folder).map((name) => {
        const path = join(folder, name);
        return [name, statSync(path).isFile() ? readFileSync(path, 'latin1') : 'a folder'];
      }),
    );
  }
});

describe('a folder that cannot be had', () => {
  it('is refused, with the reason and the fix', () => {
    const path = join(root, 'a-file');
    writeFileSync(path, '');
    expect(() => parquetSink(path)).toThrow(/^path: expected a folder that can be written, got ".*" \(EEXIST/);
    expect(() => parquetSink(join(path, 'below'))).toThrow(/ENOTDIR.*a part of the path is a file/);
    expect(() => parquetSink('')).toThrow('path: expected the path of a folder, got ""');
    expect(() => parquetSink(7 as never)).toThrow('path: expected the path of a folder, got 7');
  });

  it('is written by another sink of this process, by any path', async () => {
    const folder = newFolder();
    const first = parquetSink(folder);
    symlinkSync(folder, `${folder}.link`);
    for (const path of [folder, `${folder}.link`, join(folder, '..', `${folders}`)]) {
      expect(() => parquetSink(path, { append: true })).toThrow(
        /^path: expected a folder that no one else writes, got ".*", which another sink of this process writes/,
      );
    }
    await first.close();
    await parquetSink(folder).close();
    expect(existsSync(join(folder, '.lock'))).toBe(false);
  });

  it('was written by another process, in a file that readers of such folders pass over', () => {
    const folder = newFolder();
    const first = parquetSink(folder);
    const { thread: _, ...lock } = JSON.parse(readFileSync(join(folder, '.lock'), 'utf8'));
    expect(readdirSync(folder)).toEqual(['.lock']);
    expect(readdirSync(join(folder, '..'))).not.toContain(`${folders}.lock`);
    void first.close();
    // The process that started this one runs, whatever it is.
    writeFileSync(join(folder, '.lock'), JSON.stringify({ ...lock, pid: process.ppid, started: '' }));
    expect(() => parquetSink(folder)).toThrow(`which process ${process.ppid} writes`);
  });

  it('that is removed during the run ends the sink, and is told', async () => {
    const folder = newFolder();
    const sink = parquetSink(folder, { rowsPerPart: 2 });
    sink.next(step(1));
    rmSync(folder, { recursive: true });
    sink.next(step(2));
    await expect(sink.closed).rejects.toThrow(/part-00001\.parquet" could not be written \(ENOENT/);
    await parquetSink(folder).close();
  });
});

it('shows others that it writes, also where a file takes long to fill', () => {
  const folder = newFolder();
  const sink = parquetSink(folder);
  utimesSync(folder, 1, 1);
  sink.next(step(1));
  expect(statSync(folder).mtimeMs).toBeGreaterThan(1_000);
  void sink.close();
});
