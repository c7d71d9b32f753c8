import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Browser, Page } from 'playwright-core';
import { type RunsServer, serveRuns } from 'trainscope/node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Changes, Histories } from '../../../src/page/history/index.js';
import { jsonlEncoder } from '../../../src/sinks/jsonl/jsonl-encoder.js';
import { launchChromium } from '../../helpers/chromium.js';
import { onConsole } from '../../helpers/on-console.js';
import { settled } from '../../helpers/settled.js';
import { updatesOf } from '../../helpers/updates.js';

const STEPS = 100_000;
const UPDATES_EVERY = 4;
const FROM = 50_000;
const TO = 51_000;

const lossAt = (step: number) => 2 + Math.sin(step * step) / 3;
const normAt = (step: number) => 1e-3 * (2 + Math.cos(step));

/** A run with two parameters, as a recorded one of a hundred thousand steps. */
async function recordLongRun(file: string, run: string): Promise<void> {
  const encode = jsonlEncoder();
  const stream = createWriteStream(file);
  const at = (step: number) => ({ run, step, epoch: step / 1000, time: 1_700_000_000_000 + step });
  stream.write(encode({ type: 'train-begin', ...at(0), maxSteps: STEPS } as { type: string }));
  for (let step = 1; step <= STEPS; step++) {
    const end = { durationMs: 1, examples: 8, observingMs: 0.01, learningRate: 0.1, loss: lossAt(step) };
    stream.write(encode({ type: 'step-end', ...at(step), ...end } as { type: string }));
    if (step % UPDATES_EVERY === 0) {
      stream.write(encode(updatesOf({ 'a/kernel': normAt(step), 'b/kernel': 1e-4 }, { run, step })));
    }
    if (step % 1000 === 0 && stream.writableNeedDrain) await once(stream, 'drain');
  }
  stream.write(encode({ type: 'train-end', ...at(STEPS), status: 'completed' } as { type: string }));
  stream.end();
  await finished(stream);
}

describe('a run of a hundred thousand steps, zoomed to one in a hundred', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zoom-'));
  let browser: Browser;
  let server: RunsServer;
  beforeAll(async () => {
    await recordLongRun(join(folder, 'long.jsonl'), 'long');
    server = await serveRuns(folder, { port: 0 });
    const listed = async () => (await fetch(`${server.url}/runs.json`)).text();
    await vi.waitFor(async () => expect(await listed()).toContain('"long"'), 60_000);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (address: string) => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const troubles: string[] = [];
    onConsole(page, (message) => message.type() !== 'log' && troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(error.message));
    await page.goto(`${server.url}${address}`);
    return { page, troubles };
  };

  const loss = (page: Page) => page.locator('section.panel', { has: page.locator('h2:text-is("Loss")') });

  /** What the keyboard reads, from the middle of the chart on. */
  async function readSteps(page: Page, count: number): Promise<(readonly [step: number, text: string])[]> {
    const plot = loss(page).locator('.plot');
    await plot.hover();
    await plot.focus();
    const said: (readonly [number, string])[] = [];
    for (let i = 0; i < count; i++) {
      await page.keyboard.press('ArrowRight');
      const text = (await page.textContent('[role="status"].visually-hidden')) ?? '';
      said.push([Number(/Step ([\d,.]+)/.exec(text)?.[1]?.replaceAll(',', '')), text]);
    }
    return said;
  }

  it('shows every step of them, with the values of the file', async () => {
    const { page, troubles } = await open('/run/long/');
    await page.waitForSelector('[data-state="finished"]', { timeout: 60_000 });
    await settled(page);
    const before = await readSteps(page, 2);
    expect(before[1]![0] - before[0]![0]).toBeGreaterThan(50);

    const answered = page.waitForResponse(/detail\?/);
    await page.goto(`${server.url}/run/long/#range=${FROM}-${TO}`);
    const response = await answered;
    expect(response.status()).toBe(200);
    const histories = new Histories();
    for (const line of (await response.text()).trim().split('\n')) histories.apply(JSON.parse(line) as Changes);
    const run = histories.runs.get('long')!;
    const shown = run.series.get('loss')!.buckets.filter(({ start }) => start >= FROM && start <= TO);
    expect(shown.map(({ start, mean, count }) => [start, mean, count])).toEqual(
      Array.from({ length: TO - FROM + 1 }, (_, i) => [FROM + i, lossAt(FROM + i), 1]),
    );
    const norms = run.parameters.row(0, 'updateNorm').filter(({ start }) => start >= FROM && start <= TO);
    expect(norms.length).toBe((TO - FROM) / UPDATES_EVERY + 1);
    for (const { start, min, max } of norms) {
      expect(min).toBe(max);
      expect(Math.abs(min / normAt(start) - 1)).toBeLessThan(0.002);
    }

    await expect
      .poll(async () => {
        const [[first], [second]] = (await readSteps(page, 2)) as [[number, string], [number, string]];
        return second - first;
      })
      .toBe(1);
    const [[step, text]] = (await readSteps(page, 1)) as [[number, string]];
    expect(step).toBeGreaterThan(FROM);
    expect(step).toBeLessThan(TO);
    expect(Number(/loss ([\d.]+)/.exec(text)![1])).toBeCloseTo(lossAt(step), 2);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('asks once for a range that moves, and for nothing when all is seen', async () => {
    const { page } = await open('/run/long/');
    await page.waitForSelector('[data-state="finished"]', { timeout: 60_000 });
    const asked: string[] = [];
    page.on('request', (request) => request.url().includes('detail?') && asked.push(request.url()));
    const answered = page.waitForResponse(/detail\?/);
    const ranges = Array.from({ length: 11 }, (_, i) => `range=${10_000 + 1000 * i}-${11_000 + 1000 * i}`);
    await page.evaluate(`for (const range of ${JSON.stringify(ranges)}) location.hash = range`);
    const asks = (url: string) => new URL(url).searchParams.get('from');
    expect(asks((await answered).url())).toBe('19750');
    expect(asked.length).toBeLessThan(4);
    await page.evaluate("location.hash = 'range=40000-41000'; location.hash = ''");
    const later = page.waitForResponse(/detail\?/);
    await page.evaluate("location.hash = 'range=60000-61000'");
    expect(asks((await later).url())).toBe('59750');
    expect(asked.map(asks)).not.toContain('39750');
    await page.close();
  });
});
