import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { Browser, Page } from 'playwright-core';
import { filter, lastValueFrom, map, merge } from 'rxjs';
import { parameterUpdates } from 'trainscope';
import { jsonlSink, type LiveSink, liveSink, replay } from 'trainscope/node';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { TrainingArguments } from '../../../src/trainer.js';
import { launchChromium } from '../../helpers/chromium.js';
import { settled } from '../../helpers/settled.js';
import { updatesOf } from '../../helpers/updates.js';
import { tinyTrainer } from '../../trainer/tiny.js';

const folder = mkdtempSync(join(tmpdir(), 'page-truth-'));
const sinks: LiveSink[] = [];
let browser: Browser;

beforeAll(async () => {
  await tf.setBackend('cpu');
  browser = await launchChromium();
});
afterEach(async () => {
  await Promise.all(sinks.splice(0).map((sink) => sink.stop()));
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A live page of these records. */
async function pageOf(records: Iterable<{ readonly type: string }>): Promise<Page> {
  const sink = liveSink({ whenBehind: 'wait' });
  sinks.push(sink);
  for (const record of records) sink.next(record);
  await sink.flush();
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  await page.goto(sink.url);
  await page.waitForSelector('.tile-value');
  await settled(page);
  return page;
}

function stepsOf(run: string, losses: readonly (readonly [step: number, loss: number])[], beganAt = 1_700_000_000_000) {
  return losses.flatMap(([step, loss]) => {
    const at = { run, step, epoch: step / 100, time: beganAt + step * 20 };
    const end = { type: 'step-end', ...at, loss, learningRate: 1e-3, durationMs: 20, examples: 8, observingMs: 1 };
    return [end, { ...updatesOf({ 'a/w': 1e-3, 'b/w': 1e-2 }, { run, step }), time: at.time }];
  });
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** The table behind a chart, a row a list of its cells. */
async function dataOf(page: Page, title: string): Promise<{ readonly rows: string[][]; readonly note: string }> {
  const data = page.locator('section', { has: page.locator(`h2:text-is("${title}")`) }).locator('details.data');
  await data.locator('summary').click();
  await data.locator('tbody tr').first().waitFor();
  const rows = await data
    .locator('tbody tr')
    .evaluateAll((all) => all.map((tr) => Array.from(tr.children, (td) => td.textContent ?? '')));
  return { rows, note: (await data.locator('.hint').textContent()) ?? '' };
}

/** Train to a step, from the beginning or from a checkpoint, and record it; the losses of the steps that were made. */
async function record(path: string, args: TrainingArguments, stopAt: number, from?: string) {
  const { numTensors } = tf.memory();
  const { trainer, model, events } = tinyTrainer({ runName: 'tiny', maxSteps: 40, ...args });
  const updates$ = trainer.events$.pipe(parameterUpdates());
  trainer.attach(merge(trainer.events$, updates$), jsonlSink(path, { append: from !== undefined }));
  const command = { kind: 'stop' } as const;
  const last$ = trainer.events$.pipe(filter(({ type, step }) => type === 'step-end' && step === stopAt));
  trainer.steer(last$.pipe(map(() => ({ command, source: 'test', message: 'enough' }))));
  await trainer.train(from === undefined ? {} : { resumeFromCheckpoint: from });
  await trainer.close();
  model.dispose();
  expect(tf.memory().numTensors).toBe(numTensors);
  return new Map(events.flatMap((event) => (event.type === 'step-end' ? [[event.step, event.loss] as const] : [])));
}

it('a training that was stopped at step 37 and resumed at 30 has the later attempt alone, and a mark', async () => {
  const path = join(folder, 'resumed.jsonl');
  const outputDir = join(folder, 'checkpoints');
  const saving = { outputDir, saveStrategy: 'steps', saveSteps: 10 } as const;
  const first = await record(path, saving, 37);
  const second = await record(path, { ...saving, learningRate: 0.5 }, 40, join(outputDir, 'checkpoint-30'));
  expect([[...first.keys()], [...second.keys()]]).toEqual([range(1, 37), range(31, 40)]);
  expect(range(33, 37).map((step) => first.get(step))).not.toEqual(range(33, 37).map((step) => second.get(step)));
  const records: { readonly type: string }[] = [];
  await lastValueFrom(replay(path).pipe(map((each) => records.push(each))));
  const page = await pageOf(records);
  const { rows, note } = await dataOf(page, 'Loss');
  const expected = range(1, 40).map((step) => [`${step}`, (step > 30 ? second : first).get(step)!]);
  expect(rows.map(([step, loss]) => [step, Number(loss)])).toEqual(
    expected.map(([step, loss]) => [step, Number((loss as number).toPrecision(7))]),
  );
  expect(note).toBe('');
  const marks = await page.locator('.happenings li').allTextContents();
  const resumed = marks.filter((text) =>
    /goes on from step 30: what came of steps 31 to 37 before is superseded/.test(text),
  );
  expect(resumed, marks.join('\n')).toHaveLength(1);
  expect(await page.textContent('.progress-text')).toMatch(/^step 40/);
  if (process.env.SCREENSHOTS)
    await page.screenshot({ path: join(process.env.SCREENSHOTS, 'resumed.png'), fullPage: true });
  await page.close();
});

it('a line is not drawn over what is no number, nor over steps that are missing', async () => {
  const losses = range(1, 300).flatMap((step): [number, number][] => {
    if (step > 200 && step <= 280) return [];
    return [[step, step > 80 && step <= 180 ? Number.NaN : 1 + step / 1000]];
  });
  const page = await pageOf(stepsOf('gaps', losses));
  const ink = (from: number, to: number) =>
    page.evaluate(
      ([a, b]) => {
        const title = [...document.querySelectorAll('h2')].find(({ textContent }) => textContent === 'Loss')!;
        const canvas = title.closest('section')!.querySelector('canvas')!;
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!;
        copy.drawImage(canvas, 0, 0);
        const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
        const value = getComputedStyle(document.querySelector('.theme')!).getPropertyValue('--line-0').trim();
        const color = [1, 3, 5].map((at) => Number.parseInt(value.slice(at, at + 2), 16));
        let count = 0;
        // Below the marks of what is no number, which are at the top.
        for (let y = Math.round(canvas.height * 0.12); y < canvas.height * 0.85; y++) {
          for (let x = Math.round(canvas.width * a!); x < canvas.width * b!; x++) {
            const at = 4 * (y * canvas.width + x);
            if (pixels[at + 3]! > 200 && color.every((c, i) => Math.abs(c - pixels[at + i]!) < 40)) count++;
          }
        }
        return count;
      },
      [from, to] as const,
    );
  // The axis begins right of its numbers: a tenth at most, and a little of it is left at the right.
  expect(await ink(0.12, 0.27)).toBeGreaterThan(20);
  expect(await ink(0.38, 0.55)).toBe(0);
  expect(await ink(0.76, 0.88)).toBe(0);
  await page.close();
});

it('twelve runs look the same at every load, each its own way, and every part of one run says of which', async () => {
  const runs = range(1, 12).map((seed) =>
    stepsOf(
      `seed-${seed}`,
      range(1, 5).map((step) => [step, seed / step]),
      1_700_000_000_000 + (seed % 3),
    ),
  );
  const interleaved = range(0, 9).flatMap((i) => runs.map((run) => run[i]!));
  const looks: unknown[] = [];
  for (const records of [runs.flat(), [...runs].reverse().flat(), interleaved]) {
    const page = await pageOf(records);
    await page.waitForSelector('.run-bar label:nth-child(12)');
    looks.push(
      await page.locator('.run-bar label.run').evaluateAll((all) =>
        all.map((label) => {
          const path = label.querySelector('path')!;
          return [label.textContent, path.getAttribute('stroke'), path.getAttribute('stroke-dasharray')];
        }),
      ),
    );
    const focus = await page.locator('.focus select').inputValue();
    expect(focus).toBe('seed-8');
    // Tiles, ratios by layer, movers, norms: there are no alerts and no histograms. The body comes when a run has begun.
    await page.locator('.owner:visible').nth(3).waitFor();
    const owners = await page.locator('.owner:visible').allTextContents();
    expect(new Set(owners)).toEqual(new Set(['of seed-8']));
    expect(await page.textContent('.progress-text')).toMatch(/^seed-8: step 5/);
    await page.close();
  }
  expect(looks[1]).toEqual(looks[0]);
  expect(looks[2]).toEqual(looks[0]);
  const first = looks[0] as [string, string, string | null][];
  expect(first.map(([name]) => name).slice(0, 5)).toEqual(['seed-12', 'seed-3', 'seed-6', 'seed-9', 'seed-1']);
  expect(new Set(first.map(([, stroke, dash]) => `${stroke} ${dash}`)).size).toBe(12);
});

it('says which runs have no room, what was left out of any run, and when its numbers are thinned', async () => {
  const far = (run: string, from: number, beganAt: number) =>
    stepsOf(
      run,
      range(from, from + 999).map((step) => [step, 1]),
      beganAt,
    );
  const many = range(4, 35).map((n) => stepsOf(`run-${n}`, [[1, 1]], 1_700_000_500_000));
  const values = { type: 'parameter-values', run: 'first', step: 1, epoch: 0, time: 1_700_000_000_000, columns: {} };
  const names = range(1, 520).map((n) => `w${n}`);
  const records = [
    ...far('first', 1, 1_700_000_000_000),
    { ...values, names, sizes: names.map(() => 1) },
    ...far('second', 2001, 1_700_000_000_001),
    ...far('third', 4001, 1_700_000_000_002),
    ...many.flat(),
  ];
  const page = await pageOf(records);
  const text = (await page.textContent('.left-out')) ?? '';
  expect(text).toContain('3 more runs are not shown, with 6 records: a page shows 32 at most.');
  expect(text).toContain('of first: values of parameters (8)');
  const { rows, note } = await dataOf(page, 'Loss');
  expect(note).toContain('Of 3,000 rows one in 2, and the last.');
  expect(rows.length).toBe(1501);
  await page.close();
});
