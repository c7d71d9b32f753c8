/** A process that is killed at any moment leaves every file readable, to the last step that it wrote. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { build } from 'esbuild';
import { jsonlSink, parquetSink, replay } from 'trainscope/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { all } from '../helpers/recorded.js';
import { updatesOf } from '../helpers/updates.js';
import { event } from '../operators/fake-run.js';
import { rowsOfFolder } from './parquet/read-parquet.js';
import { decodeEvent, readRecords } from './tensorboard/read-events.js';

const MOMENTS = 200;
const root = mkdtempSync(join(tmpdir(), 'trainscope-killed-'));
afterAll(() => rmSync(root, { recursive: true }));

// In the project, where its packages are found.
const WRITER = fileURLToPath(new URL('../../.cache/killed-writer/killed-writer.js', import.meta.url));

beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL('./killed-writer.ts', import.meta.url))],
    outfile: WRITER,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
});

/** Numbers from 0 to 1 that are the same in every run. */
function* shares(): Generator<number, never> {
  for (let seed = 1; ; ) {
    seed = (seed * 48_271) % 2_147_483_647;
    yield seed / 2_147_483_647;
  }
}

/** Let it write for a while, kill it, and tell the last step that it said. */
async function killAfter(ms: number, folder: string): Promise<number> {
  const child = spawn(process.execPath, [WRITER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), ms));
  child.stdout.on('data', (data) => {
    said += data;
  });
  const signal = await new Promise((resolve) => child.once('close', (_, how) => resolve(how)));
  expect(signal).toBe('SIGKILL');
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
}

/** The rows of a CSV file up to the last whole one: a kill within a write can tear what was being written. */
function rowsOf(file: string): Record<string, string>[] {
  const text = readFileSync(file, 'utf8');
  return parse(text.slice(0, text.lastIndexOf('\r\n') + 2), { columns: true });
}

/** The steps in each file: every one whole, from the first on. */
async function stepsOf(folder: string): Promise<Record<string, number[]>> {
  const wide = rowsOf(join(folder, 'wide.csv'));
  const long = rowsOf(join(folder, 'long.csv'));
  const parquet = await rowsOfFolder(join(folder, 'parquet'));
  const records = await all(replay(join(folder, 'run.jsonl')));
  const events = join(folder, 'tensorboard', 'killed');
  const found = readdirSync(events).flatMap((file) =>
    readRecords(readFileSync(join(events, file))).records.map(decodeEvent),
  );
  return {
    wide: wide.map(({ step }) => Number(step)),
    long: long.filter((_, i) => i % 40 === 39).map(({ step }) => Number(step)),
    parquet: parquet.filter((_, i) => i % 40 === 39).map(({ step }) => Number(step)),
    jsonl: records.map(({ step }) => step),
    // Beside them: the file's version, and the start of the session.
    tensorboard: found.filter(({ values }) => values.length > 0).map(({ step }) => step),
  };
}

it(`at ${MOMENTS} moments`, async () => {
  const share = shares();
  let steps = 0;
  for (let moment = 0; moment < MOMENTS; moment++) {
    const folder = mkdtempSync(join(root, 'moment-'));
    const last = await killAfter(40 * share.next().value, folder);
    for (const [file, written] of Object.entries(await stepsOf(folder))) {
      // A file of Parquet that is not full waits in memory.
      expect([file, written.length >= (file === 'parquet' ? last - 4 : last)]).toEqual([file, true]);
      expect([file, written]).toEqual([file, written.map((_, i) => i + 1)]);
    }
    steps += last;
    const before = await rowsOfFolder(join(folder, 'parquet'));
    const goesOn = parquetSink(join(folder, 'parquet'), { append: true });
    goesOn.next(updatesOf({ a: 1 }));
    await goesOn.close();
    expect((await rowsOfFolder(join(folder, 'parquet'))).slice(0, -1)).toEqual(before);
    expect(readdirSync(join(folder, 'parquet')).filter((name) => !/^part-\d{5}\.parquet$/.test(name))).toEqual([]);
    const resumed = jsonlSink(join(folder, 'run.jsonl'), { append: true });
    resumed.next(event('train-end', { step: 1e6 }));
    resumed.complete();
    expect((await all(replay(join(folder, 'run.jsonl')))).at(-1)!.step).toBe(1e6);
    rmSync(folder, { recursive: true });
  }
  expect(steps).toBeGreaterThan(MOMENTS);
}, 900_000);
