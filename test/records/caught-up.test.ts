import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { followPlaced } from '../../src/records/index.js';
import { jsonlEncoder } from '../../src/sinks/jsonl/jsonl-encoder.js';
import { rankFile, writeRanks } from '../helpers/rank-files.js';
import { updatesOf } from '../helpers/updates.js';

const folder = mkdtempSync(join(tmpdir(), 'caught-up-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Some blocks of a file. */
function steps(from: number, to: number): string {
  const encode = jsonlEncoder();
  const names = Array.from({ length: 150 }, (_, i): [string, number] => [`layer.${i}`, 1 / (i + Math.PI)]);
  return Array.from({ length: to - from + 1 }, (_, i) => encode(updatesOf(names, { run: 'a', step: from + i }))).join(
    '',
  );
}

function writtenAgo(file: string, ms: number): void {
  const at = (Date.now() - ms) / 1000;
  utimesSync(file, at, at);
}

/** The steps that had been taken when all that was there had been, and how old that was. */
async function caughtUpAt(file: string, during: (step: number) => unknown = () => {}) {
  const stop = new AbortController();
  const steps: number[] = [];
  const told: { readonly steps: readonly number[]; readonly idleMs: number }[] = [];
  const onCaughtUp = (idleMs: number) => {
    told.push({ steps: [...steps], idleMs });
    setTimeout(() => stop.abort(), 500);
  };
  for await (const { record } of followPlaced(file, { signal: stop.signal, onCaughtUp })) {
    steps.push(record.step!);
    await during(record.step!);
  }
  expect(told).toHaveLength(1);
  return told[0]!;
}

const count = (to: number) => Array.from({ length: to }, (_, i) => i + 1);

it('is told when the last record that was there has been taken, however slowly, and how old the file is', async () => {
  const file = join(folder, 'plain.jsonl');
  writeFileSync(file, steps(1, 100));
  writtenAgo(file, 3_600_000);
  const slowly = (step: number) => (step % 20 === 0 ? new Promise((resolve) => setTimeout(resolve, 300)) : undefined);
  const { steps: taken, idleMs } = await caughtUpAt(file, slowly);
  expect(taken).toEqual(count(100));
  expect(idleMs / 1000).toBeCloseTo(3600, -1);
});

it('what comes meanwhile is taken before, what comes later is not told', async () => {
  const file = join(folder, 'growing.jsonl');
  writeFileSync(file, steps(1, 50));
  const { steps: taken, idleMs } = await caughtUpAt(file, (step) => {
    if (step === 50) appendFileSync(file, steps(51, 60));
  });
  expect(taken).toEqual(count(60));
  expect(idleMs).toBeLessThan(5_000);
});

it('of a packed file, too, of which much is unpacked before it is taken', async () => {
  const file = join(folder, 'packed.jsonl.gz');
  writeFileSync(file, gzipSync(steps(1, 300)));
  const slowly = (step: number) => (step % 30 === 0 ? new Promise((resolve) => setTimeout(resolve, 20)) : undefined);
  expect((await caughtUpAt(file, slowly)).steps).toEqual(count(300));
});

it('of the files of several ranks, when all are there', async () => {
  writeRanks(folder, 2);
  const { steps: taken } = await caughtUpAt(rankFile(folder, 0));
  expect(Math.max(...taken)).toBe(2);
});
