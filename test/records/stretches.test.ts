import { appendFileSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { followPlaced, readRun, readStretches, StepIndex } from '../../src/records/index.js';
import { jsonlEncoder } from '../../src/sinks/jsonl/jsonl-encoder.js';
import { updatesOf } from '../helpers/updates.js';

const folder = mkdtempSync(join(tmpdir(), 'stretches-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const path = () => join(folder, `${files++}.jsonl`);

/** Long enough that a file of some hundred steps has several blocks. */
const names = (count: number) =>
  Array.from({ length: 150 }, (_, i): [string, number] => [`layer.${i}/${count}`, 1 / (i + Math.PI)]);

const records = (from: number, to: number, count = 1) =>
  Array.from({ length: to - from + 1 }, (_, i) => [
    updatesOf(names(count), { run: 'a', step: from + i }),
    { type: 'log', run: 'a', step: from + i, epoch: 0, time: 1, metrics: { step: from + i } },
  ]).flat();

function textOf(those: readonly { readonly type: string }[], encode = jsonlEncoder()): string {
  return those.map((record) => encode(record as { type: string })).join('');
}

/** Follows a file, in the background, and keeps where its steps are. */
function follow(file: string) {
  const stop = new AbortController();
  const index = new StepIndex();
  const steps: number[] = [];
  let damaged = 0;
  const onDamaged = () => void damaged++;
  const done = (async () => {
    for await (const { record, stretch } of followPlaced(file, { signal: stop.signal, onDamaged })) {
      steps.push(Number(record.step));
      if (stretch) index.take(Number(record.step), stretch);
    }
  })();
  return {
    index,
    steps,
    get damaged() {
      return damaged;
    },
    until: async (has: (steps: readonly number[]) => boolean) => {
      while (!has(steps)) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    stop: async () => {
      stop.abort();
      await done;
    },
  };
}

/** What is read again of a range, and of how many bytes. */
async function reread(file: string, index: StepIndex, from: number, to: number) {
  const stretches = index.stretchesOf(from, to);
  const found = [];
  for await (const record of readStretches(file, stretches, { signal: new AbortController().signal })) {
    if (Number(record.step) >= from && Number(record.step) <= to) found.push(record);
  }
  return { found, bytes: stretches.reduce((sum, { begin, end }) => sum + end - begin, 0) };
}

/** Typed columns as text: every digit of them. */
const texts = (those: readonly object[]) =>
  those.map((record) =>
    JSON.stringify(record, (_, value) => (value instanceof Float64Array ? Array.from(value) : (value as unknown))),
  );

async function all(file: string) {
  const found = [];
  for await (const record of readRun(file, { onDamaged: () => {} })) found.push(record);
  return found;
}

it('reads the steps of a range again, to the bit, and little else', async () => {
  const file = path();
  writeFileSync(file, textOf(records(1, 300)));
  const followed = follow(file);
  await followed.until((steps) => steps.length === 600);
  const whole = await all(file);
  const wholeTexts = texts(whole);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 310 }), fc.integer({ min: 0, max: 310 }), async (a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const { found } = await reread(file, followed.index, from, to);
      const inside = (_: unknown, i: number) => Number(whole[i]!.step) >= from && Number(whole[i]!.step) <= to;
      expect(texts(found)).toEqual(wholeTexts.filter(inside));
    }),
    { numRuns: 5 },
  );
  const { bytes } = await reread(file, followed.index, 150, 152);
  expect(bytes).toBeLessThan(statSync(file).size / 2);
  await followed.stop();
});

it('knows what comes to a file that grows, also the names of parameters that change', async () => {
  const file = path();
  const encode = jsonlEncoder();
  writeFileSync(file, textOf(records(1, 60), encode));
  const followed = follow(file);
  await followed.until((steps) => steps.length === 120);
  appendFileSync(file, textOf(records(61, 120, 2), encode));
  await followed.until((steps) => steps.length === 240);
  const whole = await all(file);
  for (const [from, to] of [
    [50, 70],
    [110, 112],
  ] as const) {
    const { found } = await reread(file, followed.index, from, to);
    expect(texts(found)).toEqual(texts(whole.filter(({ step }) => Number(step) >= from && Number(step) <= to)));
  }
  await followed.stop();
});

it('a run that went back has both attempts', async () => {
  const file = path();
  writeFileSync(file, textOf([...records(1, 100), ...records(40, 60)]));
  const followed = follow(file);
  await followed.until((steps) => steps.length === 242);
  const { found } = await reread(file, followed.index, 50, 50);
  expect(found.map(({ step }) => step)).toEqual([50, 50, 50, 50]);
  await followed.stop();
});

it('of what a run that went back had said before, is read what lies beside the rest of it alone', () => {
  const index = new StepIndex();
  const source = { head: Buffer.alloc(0) };
  const take = (step: number, at: number) =>
    index.take(step, { begin: 10 * at, end: 10 * at + 10, known: { tables: new Map(), nextId: 0 }, source });
  for (const [at, step] of [1, 2, 3, 4, 5, 6].entries()) take(step, at);
  index.cutAfter(2);
  for (const [i, step] of [3, 4, 5].entries()) take(step, 6 + i);
  const read = (from: number, to: number) => index.stretchesOf(from, to).map(({ begin, end }) => [begin, end]);
  expect(read(1, 2)).toEqual([[0, 20]]);
  expect(read(4, 5)).toEqual([[60, 90]]);
  // What was measured of it may be in that before the first, and in that before the run was seen to go back.
  expect(read(3, 3)).toEqual([
    [10, 20],
    [50, 70],
  ]);
  expect(read(6, 9)).toEqual([]);
});

it('leaves out damaged lines, and what refers to a damaged list of parameters, as at first', async () => {
  const file = path();
  const encode = jsonlEncoder();
  const lines = (textOf(records(1, 50), encode) + textOf(records(51, 100, 2), encode)).split('\n');
  const list = lines.findLastIndex((line) => line.includes('"type":"parameters"'));
  lines[list] = lines[list]!.replace('"names"', '"names');
  lines[20] = '{"type":"log","ru';
  writeFileSync(file, lines.join('\n'));
  const followed = follow(file);
  const whole = await all(file);
  await followed.until((steps) => steps.length === whole.length);
  expect(followed.damaged).toBeGreaterThan(2);
  const { found } = await reread(file, followed.index, 1, 100);
  expect(texts(found)).toEqual(texts(whole));
  const late = await reread(file, followed.index, 90, 95);
  expect(late.found.map(({ type }) => type)).toEqual(Array.from({ length: 6 }, () => 'log'));
  await followed.stop();
});

it('forgets a file that is replaced, and reads nothing of another one in its place', async () => {
  const file = path();
  writeFileSync(file, textOf(records(1, 50)));
  const followed = follow(file);
  await followed.until((steps) => steps.length === 100);
  const other = path();
  writeFileSync(
    other,
    textOf([{ type: 'log', run: 'b', step: 7, epoch: 0, time: 1 } as { type: string }, ...records(7, 9)]),
  );
  const before = followed.index.stretchesOf(1, 50);
  renameSync(other, file);
  const stale = [];
  for await (const record of readStretches(file, before, { signal: new AbortController().signal })) stale.push(record);
  expect(stale).toEqual([]);
  await followed.until((steps) => steps.length === 107);
  expect((await reread(file, followed.index, 1, 50)).found.map(({ step }) => step)).toEqual([7, 7, 7, 8, 8, 9, 9]);
  await followed.stop();
});

it('has no places in a file that is packed', async () => {
  const file = path();
  writeFileSync(file, gzipSync(textOf(records(1, 5))));
  const followed = follow(file);
  await followed.until((steps) => steps.length === 10);
  expect(followed.index.stretchesOf(0, 9)).toEqual([]);
  await followed.stop();
});
