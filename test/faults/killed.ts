/** A training that is ended by a signal at any moment: its weights until then, and what its files say. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { build } from 'esbuild';
import { replay } from 'trainscope/node';
import { all } from '../helpers/recorded.js';
import { rowsOfFolder } from '../sinks/parquet/read-parquet.js';
import { decodeEvent, readRecords } from '../sinks/tensorboard/read-events.js';
import { endless, STEPS_A_PART } from './endless.js';

export interface Kills {
  readonly signal: NodeJS.Signals;
  readonly moments: number;
}

export const KILLS: readonly Kills[] = [
  { signal: 'SIGKILL', moments: 200 },
  { signal: 'SIGTERM', moments: 20 },
  { signal: 'SIGINT', moments: 20 },
];

/** What many kills have come to. */
export interface Survived extends Kills {
  /** Steps that were done, in all of them. */
  readonly steps: number;
  /** Of the steps that were done, those that a file lacked. */
  readonly lost: number;
  /** Moments at which the weights, of every step until then, were those of the unobserved run. */
  readonly identical: number;
}

// In the project, where its packages are found.
const JOB = fileURLToPath(new URL('../../.cache/killed-job/killed-job.js', import.meta.url));

/** From its first step on. */
const LONGEST_MS = 150;

/** Kill it at so many moments, and look at what is left each time. @throws where something is torn or lost. */
export async function survive({ signal, moments }: Kills): Promise<Survived> {
  await build({
    entryPoints: [fileURLToPath(new URL('./killed-job.ts', import.meta.url))],
    outfile: JOB,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  const share = shares();
  let steps = 0;
  let lost = 0;
  let identical = 0;
  for (let moment = 0; moment < moments; moment++) {
    const folder = mkdtempSync(join(tmpdir(), 'trainscope-killed-'));
    const said = await killAfter(LONGEST_MS * share.next().value, signal, folder);
    if (deepEqual(said, unobserved(said.length))) identical++;
    for (const [file, written] of Object.entries(await stepsOf(folder))) {
      lost += Math.max(0, said.length - written.length);
      deepStrictEqual([file, written], [file, written.map((_, i) => i + 1)]);
    }
    await checkParquet(join(folder, 'parquet'), said.length);
    ok(readFileSync(join(folder, 'report.html'), 'utf8').trimEnd().endsWith('</html>'));
    if (moment % 10 === 0) await checkAppended(folder);
    steps += said.length;
    rmSync(folder, { recursive: true });
  }
  return { signal, moments, steps, lost, identical };
}

function deepEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, i) => line === other[i]);
}

/** The weights after each step, as the training says them, of one that nobody looks at. */
function unobserved(steps: number): string[] {
  const { descend, line } = endless();
  return Array.from({ length: steps }, () => {
    descend();
    return line();
  });
}

/** Numbers from 0 to 1 that are the same in every run. */
function* shares(): Generator<number, never> {
  for (let seed = 1; ; ) {
    seed = (seed * 48_271) % 2_147_483_647;
    yield seed / 2_147_483_647;
  }
}

/** Let it train for a while, end it, and tell the whole lines that it has said. */
async function killAfter(ms: number, signal: NodeJS.Signals, folder: string, how = ''): Promise<string[]> {
  const child = spawn(process.execPath, [JOB, folder, how], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.once('data', () => setTimeout(() => child.kill(signal), ms));
  child.stdout.on('data', (data) => {
    said += data;
  });
  const by = await new Promise((resolve) => child.once('close', (_, how) => resolve(how)));
  strictEqual(by, signal);
  return said.slice(0, said.lastIndexOf('\n')).split('\n');
}

/** Another process goes on in the files that a killed one has left. */
async function checkAppended(folder: string): Promise<void> {
  const before = await all(replay(join(folder, 'run.jsonl')));
  await killAfter(5, 'SIGKILL', folder, 'append');
  const after = await all(replay(join(folder, 'run.jsonl')));
  deepStrictEqual(after.slice(0, before.length), before);
  ok(after.length > before.length);
  ok((await rowsOfFolder(join(folder, 'parquet'))).length > 0);
  for (const file of ['wide.csv', 'long.csv']) ok(rowsOf(join(folder, file)).length > 0);
}

/** Every file whole, every step whole and in its place, but for those of the part that was not full. */
async function checkParquet(folder: string, steps: number): Promise<void> {
  const rows = await rowsOfFolder(folder);
  const { parameters } = endless();
  deepStrictEqual(
    rows.map(({ step }) => Number(step)),
    rows.map((_, i) => Math.floor(i / parameters) + 1),
  );
  ok(rows.length >= (steps - STEPS_A_PART + 1) * parameters);
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
  const records = await all(replay(join(folder, 'run.jsonl')));
  const events = join(folder, 'tensorboard', 'killed');
  const found = readdirSync(events).flatMap((file) =>
    readRecords(readFileSync(join(events, file))).records.map(decodeEvent),
  );
  const norms = found.filter(({ values }) => values.some(({ tag }) => tag.startsWith('update_norm/')));
  return {
    wide: wide.map(({ step }) => Number(step)),
    long: long.filter((_, i) => (i + 1) % endless().parameters === 0).map(({ step }) => Number(step)),
    jsonl: records.filter(({ type }) => type === 'parameter-updates').map(({ step }) => step),
    tensorboard: norms.map(({ step }) => step),
  };
}
