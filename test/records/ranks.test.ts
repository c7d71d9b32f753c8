import { appendFileSync, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { isEventOf, type ParameterUpdates, type RunRecord } from '../../src/index.js';
import { type DamagedLineError, ingest, type ReadRunOptions, readRun } from '../../src/node.js';
import { beginning, end, linesOf, ONLY_B, rankFile, step, steps, WORLD } from '../helpers/rank-files.js';
import { nextRunOf } from '../server/ingest/follow.js';
import { SendingProcess } from '../server/ingest/post.js';

const root = mkdtempSync(join(tmpdir(), 'ranks-'));
let folders = 0;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, String(folders++)));
});
afterAll(() => rmSync(root, { recursive: true }));

const fileOf = (rank: number) => rankFile(folder, rank);

function write(rank: number, ...records: readonly object[]): void {
  writeFileSync(fileOf(rank), linesOf(records));
}

async function read(file: string, options: ReadRunOptions = {}): Promise<readonly RunRecord[]> {
  const records: RunRecord[] = [];
  for await (const record of readRun(file, options)) records.push(record);
  return records;
}

const updatesIn = (records: readonly RunRecord[]) =>
  records.filter((record): record is ParameterUpdates => record.type === 'parameter-updates');

const told = (records: readonly RunRecord[]) => records.map(({ type, step }) => `${type} ${step}`);

it('the file of rank 0 is the run of the whole model, as ingest() gives it of the same records', async () => {
  const records = (rank: number) => [...beginning(rank), ...steps(rank, 1, 4), end(4)];
  for (let rank = 0; rank < WORLD; rank++) write(rank, ...records(rank));
  const server = await ingest();
  const following = nextRunOf(server);
  // The last rank first: the files are read from the first on.
  for (let rank = WORLD - 1; rank >= 0; rank--) {
    await new SendingProcess(server.url, { session: `s${rank}` }).send(...records(rank));
  }
  const { events, updates, ended } = await following;
  await ended;
  await server.close();

  const run = await read(fileOf(0));
  const recorded = new Set(['train-begin', 'ranks', 'step-end', 'log', 'train-end']);
  expect(run.filter(({ type }) => type !== 'parameter-updates')).toEqual(
    events.filter(({ type }) => recorded.has(type)),
  );
  const found = updatesIn(run);
  expect(found).toHaveLength(4);
  for (const [i, { names, sizes, columns, loss }] of updates.entries()) {
    expect(found[i]).toMatchObject({ names, sizes, loss, columns });
  }
  expect(found[1]!.of('w').updateNorm).toBe(Math.sqrt(2 + 4 + 6));
  expect(found[1]!.of('b').updateNorm).toBe(0.5);
  expect(run.find(isEventOf('ranks'))).toMatchObject({ world: WORLD, missing: [], differences: [] });
});

it('what a rank has not recorded is not known, and how much that is is said', async () => {
  write(0, ...beginning(0), ...steps(0, 1, 3), end(3));
  write(1, ...beginning(1), ...steps(1, 1, 3), end(3));
  write(2, ...beginning(2), ...steps(2, 1, 1));
  appendFileSync(fileOf(2), linesOf(step(2, 2)).slice(0, 90));
  const run = await read(fileOf(0));
  expect(run.filter(isEventOf('step-end')).map(({ coverage = 1 }) => coverage)).toEqual([1, ONLY_B, ONLY_B]);
  expect(updatesIn(run).map((updates) => updates.of('w').updateNorm)).toEqual([Math.sqrt(6), Number.NaN, Number.NaN]);
  expect(updatesIn(run).map((updates) => updates.of('b').updateNorm)).toEqual([0.5, 0.5, 0.5]);
  expect(run.filter(isEventOf('ranks')).map(({ missing }) => missing)).toEqual([[], [2], [2]]);
  expect(told(run).at(-1)).toBe('train-end 3');
});

it('a run goes on by the others where rank 0 was killed, and ends once', async () => {
  write(0, ...beginning(0), ...steps(0, 1, 1));
  for (const rank of [1, 2]) write(rank, ...beginning(rank), ...steps(rank, 1, 3), end(3));
  const run = await read(fileOf(0));
  expect(told(run).filter((text) => /step-end|train-end/.test(text))).toEqual([
    'step-end 1',
    'step-end 2',
    'step-end 3',
    'train-end 3',
  ]);
  expect(run.filter(isEventOf('ranks')).map(({ missing }) => missing)).toEqual([[], [0], [0]]);
});

it('a rank that told the end of a step and lost its sums is one whose part is not known', async () => {
  for (let rank = 0; rank < WORLD; rank++) write(rank, ...beginning(rank), ...steps(rank, 1, 2), end(2));
  const [, end2] = step(1, 2);
  write(1, ...beginning(1), ...steps(1, 1, 1), end2!, end(2));
  const run = await read(fileOf(0));
  expect(run.filter(isEventOf('step-end')).map(({ coverage = 1 }) => coverage)).toEqual([1, ONLY_B]);
});

it.each([
  ['of another launch', { launch: 'elsewhere' }],
  ['of another number of ranks', { world: WORLD + 1 }],
  ['of another rank', { rank: 2 }],
])('a file %s is not taken for one of this run', async (_, more) => {
  write(0, ...beginning(0), ...steps(0, 1, 1));
  write(1, ...beginning(1, more), ...steps(1, 1, 1));
  write(2, ...beginning(2), ...steps(2, 1, 1));
  const [ranks] = (await read(fileOf(0))).filter(isEventOf('ranks'));
  expect(ranks).toMatchObject({ missing: [1] });
});

it('the file of one alone, or of another rank, is what it is', async () => {
  write(0, ...beginning(0, { world: 1 }), ...steps(0, 1, 1));
  write(1, ...beginning(1), ...steps(1, 1, 1));
  for (const rank of [0, 1]) expect(told(await read(fileOf(rank)))).not.toContain('ranks 1');
});

it('a file is read side by side with others, however long: nothing waits for what comes late in it', async () => {
  const last = 400;
  for (let rank = 0; rank < WORLD; rank++) write(rank, ...beginning(rank), ...steps(rank, 1, last), end(last));
  const run = await read(fileOf(0));
  expect(run.filter(isEventOf('step-end')).map(({ step }) => step)).toEqual(
    Array.from({ length: last }, (_, i) => i + 1),
  );
  expect(run.filter(isEventOf('ranks')).every(({ missing }) => missing.length === 0)).toBe(true);
});

it('damaged lines are told by the file that they are in', async () => {
  for (let rank = 0; rank < WORLD; rank++) write(rank, ...beginning(rank), ...steps(rank, 1, 1));
  appendFileSync(fileOf(2), 'nonsense\n');
  await expect(read(fileOf(0))).rejects.toThrow(/rank2\.jsonl/);
  const damaged: DamagedLineError[] = [];
  await read(fileOf(0), { onDamaged: (damage) => damaged.push(damage) });
  expect(damaged.map(({ file, line }) => [file, line])).toEqual([[fileOf(2), 6]]);
});

it('follows ranks that begin one after the other', async () => {
  write(0, ...beginning(0));
  const stop = new AbortController();
  const seen: RunRecord[] = [];
  for await (const record of readRun(fileOf(0), { follow: true, signal: stop.signal })) {
    seen.push(record);
    if (record.type === 'train-begin') {
      for (const rank of [1, 2]) write(rank, ...beginning(rank), ...steps(rank, 1, 2));
      appendFileSync(fileOf(0), linesOf(steps(0, 1, 2)));
    }
    if (record.type === 'parameter-updates' && record.step === 2) stop.abort();
  }
  expect(updatesIn(seen).map((updates) => updates.of('w').updateNorm)).toEqual([Math.sqrt(6), Math.sqrt(12)]);
});

it.runIf(existsSync('/proc/self/fd'))('leaves no file open where the reader has seen enough', async () => {
  for (let rank = 0; rank < WORLD; rank++) write(rank, ...beginning(rank), ...steps(rank, 1, 50));
  for await (const { type } of readRun(fileOf(0), { follow: true })) if (type === 'step-end') break;
  const open = readdirSync('/proc/self/fd').map((fd) => {
    // The one that lists them is closed by now.
    return existsSync(`/proc/self/fd/${fd}`) ? readlinkSync(`/proc/self/fd/${fd}`) : '';
  });
  expect(open.filter((path) => path.startsWith(folder))).toEqual([]);
});
