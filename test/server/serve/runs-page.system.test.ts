import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type RunsServer, serveRuns } from '../../../src/node.js';
import { launchChromium } from '../../helpers/chromium.js';
import { onConsole } from '../../helpers/on-console.js';
import { settled } from '../../helpers/settled.js';
import { SendingProcess, stepRecords, TABLE } from '../ingest/post.js';

const root = mkdtempSync(join(tmpdir(), 'runs-page-'));
let folders = 0;
let folder: string;
let server: RunsServer;
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
beforeEach(async () => {
  folder = join(root, String(folders++));
  server = await serveRuns(folder, { port: 0 });
});
afterEach(() => server.close());
afterAll(async () => {
  await browser?.close();
  rmSync(root, { recursive: true, force: true });
});

async function open(path: string, { width = 1440, colorScheme = 'light' }: Partial<(typeof LOOKS)[0]> = {}) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' });
  const troubles: string[] = [];
  onConsole(page, (message) => {
    if (message.type() !== 'log') troubles.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(error.message));
  await page.goto(server.url + path);
  return { page, troubles };
}

const LOOKS: readonly { width: number; colorScheme: 'light' | 'dark' }[] = [
  { width: 1440, colorScheme: 'light' },
  { width: 1440, colorScheme: 'dark' },
  { width: 390, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
];

async function violationsOf(page: Page): Promise<string[]> {
  const results = (await page.evaluate(`${axe.source}; axe.run(document)`)) as axe.AxeResults;
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}

const end = (step: number, status: string, reason?: string) => {
  return { type: 'train-end', step, epoch: 1, time: Date.now(), status, ...(reason && { reason }) };
};

/** A run of some steps, whose loss falls as fast as `rate` says. */
async function send(run: string, steps: number, rate: number, ...more: readonly object[]): Promise<SendingProcess> {
  const other = new SendingProcess(server.url, { run });
  const records = Array.from({ length: steps }, (_, i) =>
    stepRecords(i + 1).map((record) => ({
      ...record,
      ...('loss' in record && { loss: 2 * Math.exp(-rate * i) + 0.1 }),
    })),
  );
  await other.begin(TABLE, ...records.flat(), ...more);
  return other;
}

async function sendSeveral(): Promise<void> {
  await send('bert-base lr=1e-4', 60, 0.08, end(60, 'completed'));
  await send('bert-base lr=3e-4', 60, 0.02, end(60, 'stopped', 'stopOnAlert: the loss spiked, 8.3 times the usual'));
  const alert = { type: 'alert', step: 9, epoch: 0.9, time: Date.now(), rule: 'lossSpike', severity: 'error' };
  const begin = { ...alert, phase: 'begin', message: 'the loss is 12 times the usual', firstStep: 9 };
  await send('gpt2-124M', 30, 0, begin, end(30, 'failed', 'CUDA out of memory'));
  await send('минилм <b>&amp; 学习', 20, 0.3);
}

it('lists all runs, in light and dark, wide and narrow', async () => {
  await sendSeveral();
  const begin = { v: 2, type: 'train-begin', run: 'x', step: 0, epoch: 0, time: 1 };
  writeFileSync(join(folder, '<img src=x onerror=alert(1)>.jsonl'), `${JSON.stringify(begin)}\n`);
  for (const look of LOOKS) {
    const { page, troubles } = await open('/', look);
    await page.waitForSelector('.runs-table tbody tr:nth-child(5)');
    expect(await page.textContent('.runs-table')).toContain('минилм -b--amp- 学习');
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.locator('.badge.failed').textContent()).toBe('failed');
    expect(await page.locator('.badge.error').first().textContent()).toMatch(/^\d alerts? · error$/);
    expect(await violationsOf(page), JSON.stringify(look)).toEqual([]);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow, `${look.width} pixels`).toBeLessThanOrEqual(0);
    if (process.env.SCREENSHOTS) {
      const path = join(process.env.SCREENSHOTS, `runs-${look.width}-${look.colorScheme}.png`);
      await page.screenshot({ path, fullPage: true });
    }
    expect(troubles).toEqual([]);
    await page.close();
  }
});

it('the list goes on; runs are found, opened, and laid over each other', async () => {
  const { page, troubles } = await open('/');
  await page.waitForSelector('h2:text("Waiting for a run")');
  await sendSeveral();
  const running = await send('running', 5, 0.1);
  await page.waitForSelector('tr:has-text("running") :text("5 of 100")');
  await page.locator('input[aria-label="Choose gpt2-124M"]').check();
  await running.send(...stepRecords(6));
  await page.waitForSelector('tr:has-text("running") :text("6 of 100")');
  expect(await page.locator('input[aria-label="Choose gpt2-124M"]').isChecked()).toBe(true);
  await page.locator('input[aria-label="Choose gpt2-124M"]').uncheck();

  await page.fill('input[type="search"]', 'bert');
  expect(await page.locator('.runs-table tbody tr').count()).toBe(2);
  for (const box of await page.locator('.runs-table tbody input').all()) await box.check();
  await page.click('button:text("Show 2 runs over each other")');
  await page.waitForSelector('.run-bar label:nth-of-type(2)');
  await settled(page);
  await page.waitForSelector('.plot-area');
  await settled(page);
  expect(await page.textContent('h1')).toBe('2 runs');
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, 'runs-over.png') });
  expect(await violationsOf(page)).toEqual([]);

  await page.click('a.brand');
  await page.click('.runs-table a:has-text("running")');
  await page.waitForSelector('.plot-area');
  await settled(page);
  expect(await page.textContent('h1')).toBe('running');
  await running.send(...stepRecords(7), end(7, 'completed'));
  await page.waitForSelector('[data-state="finished"]');
  await settled(page);
  expect(troubles).toEqual([]);
  await page.close();
});

it('long names are cut where they do not differ, to what there is room for', async () => {
  const names = [1, 2, 3].map((seed) => `a-training-of-digits-with-seed-${seed}-and-more`);
  for (const [i, name] of names.entries()) await send(name, i + 1, 0.1);
  const { page } = await open('/', { width: 390 });
  const links = page.locator('.runs-table tbody a');
  const shown = () => links.locator('bdi:first-child').allTextContents();
  await expect.poll(async () => new Set(await shown()).size).toBe(3);
  for (const text of await shown()) expect(text).toMatch(/^….*[123]/);
  const room = await links.evaluateAll((all) =>
    all.map((link) => link.clientWidth - (link.firstElementChild as HTMLElement).offsetWidth),
  );
  expect(Math.min(...room)).toBeGreaterThanOrEqual(0);
  expect((await links.evaluateAll((all) => all.map((link) => link.getAttribute('title')))).sort()).toEqual(names);
  await page.setViewportSize({ width: 1440, height: 900 });
  await expect.poll(async () => (await shown()).sort()).toEqual(names);
  await page.close();
});

it('the list is sorted by any column and found in, and the address keeps both', async () => {
  await sendSeveral();
  const { page, troubles } = await open('/');
  const names = () => page.locator('.runs-table tbody a').allTextContents();
  const sort = (title: string) => page.locator('.runs-table .sort', { hasText: title });
  await expect.poll(async () => (await names()).length).toBe(4);
  await sort('Step').focus();
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await names()).at(-1)).toBe('минилм -b--amp- 学习');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Step');
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await names())[0]).toBe('минилм -b--amp- 学习');
  expect(await page.getAttribute('[aria-sort] .sort', 'data-key')).toBe('step');
  await sort('Loss').click();
  await expect.poll(async () => (await names())[0]).toBe('gpt2-124M');
  await page.fill('input[type="search"]', 'bert-*');
  await expect.poll(names).toEqual(['bert-base lr=3e-4', 'bert-base lr=1e-4']);
  await expect.poll(() => new URL(page.url()).hash).toBe('#runsSorting=-loss&runsFilter=bert-*');
  await page.reload();
  await expect.poll(names).toEqual(['bert-base lr=3e-4', 'bert-base lr=1e-4']);
  expect(await page.inputValue('input[type="search"]')).toBe('bert-*');
  expect(await page.getAttribute('[aria-sort]', 'aria-sort')).toBe('descending');
  expect(troubles).toEqual([]);
  await page.close();
});

/** Steps as a file has them. */
function linesOf(run: string, steps: number, ...more: readonly object[]): string {
  const at = (step: number) => ({ v: 2, run, step, epoch: step / 100, time: 1_700_000_000_000 + step });
  const begin = { ...at(0), type: 'train-begin', maxSteps: 2 * steps };
  const all = Array.from({ length: steps }, (_, i) => ({
    ...{ ...at(i + 1), type: 'step-end', loss: 1 / (i + 1), learningRate: 1e-3 },
    ...{ durationMs: 1, examples: 1, observingMs: 0 },
  }));
  return [begin, ...all, ...more].map((record) => `${JSON.stringify(record)}\n`).join('');
}

it('a run whose process was killed is not heard of: in the list, in the header, beside others', async () => {
  const file = join(folder, 'killed.jsonl');
  writeFileSync(file, linesOf('killed', 20));
  utimesSync(file, 1_700_000_000, 1_700_000_000);
  await send('running', 5, 0.1);
  const { page, troubles } = await open('/');
  page.setDefaultTimeout(10_000);
  const badge = page.locator('tr:has(a:has-text("killed")) .badge');
  await expect.poll(() => badge.textContent()).toBe('not heard of');
  await page.goto(`${server.url}/run/killed/`);
  await page.waitForSelector('.plot-area');
  await settled(page);
  await page.waitForSelector('[data-state="silent"]');
  expect(await page.textContent('.state')).toBe('not heard of');
  expect(await page.textContent('.progress-text')).not.toContain('left');
  await page.goto(`${server.url}/runs/?run=running&run=killed#runsTable=`);
  await page.waitForSelector('.state:has-text("live, 1 not heard of")');
  await page.waitForSelector('.run-table tbody tr');
  expect(await page.locator('.run-bar .badge').allTextContents()).toEqual(['not heard of']);
  expect((await page.locator('.run-table td.badge').allTextContents()).sort()).toEqual(['not heard of', 'running']);
  for (const { width, colorScheme } of LOOKS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    expect(await violationsOf(page)).toEqual([]);
    if (process.env.SCREENSHOTS) {
      await page.screenshot({ path: join(process.env.SCREENSHOTS, `silent-${width}-${colorScheme}.png`) });
    }
  }
  expect(troubles).toEqual([]);
  await page.close();
});

it('a long file that is still being read is not live', async () => {
  const file = join(folder, 'long.jsonl');
  writeFileSync(file, linesOf('long', 100_000, { ...end(100_000, 'completed'), v: 2, run: 'long' }));
  const list = async () => (await fetch(`${server.url}/runs.json`)).text();
  await expect.poll(list, { timeout: 20_000 }).toContain('"state":"completed"');
  const page = await browser.newPage();
  await page.addInitScript(`
    const said = new Set();
    window.said = said;
    new MutationObserver(() => {
      const text = document.querySelector('.state')?.textContent;
      if (text) said.add(text);
    }).observe(document, { childList: true, subtree: true, characterData: true });
  `);
  await page.goto(`${server.url}/run/long/`);
  await page.waitForSelector('.state-text:text-is("completed")', { timeout: 60_000 });
  const said = (await page.evaluate('[...said]')) as readonly string[];
  expect(said.slice(-2)).toEqual(['reading its file', 'completed']);
  expect(said.filter((text) => text.startsWith('live'))).toEqual([]);
  await page.close();
});

it('tells runs apart by the settings that differ: sorted, found, all of them on demand', async () => {
  const rates = [0.1, 0.001, 0.01];
  for (const [i, learning_rate] of rates.entries()) {
    const options = { batch_size: 8 * (i + 1), dropout: i / 10, weight_decay: i, warmup: i > 1, optim: 'adamw' };
    const config = { learning_rate, ...options, scheduler: i > 0 ? 'cosine' : 'linear', output_dir: `out/${i}` };
    const begin = { v: 2, type: 'train-begin', run: `r${i}`, step: 0, epoch: 0, time: 1_700_000_000_000, config };
    writeFileSync(join(folder, `r${i}.jsonl`), `${JSON.stringify(begin)}\n`);
  }
  const { page, troubles } = await open('/');
  page.setDefaultTimeout(10_000);
  const names = () => page.locator('.runs-table tbody a').allTextContents();
  const heads = () => page.locator('.runs-table .sort').allTextContents();
  const first = ['learning_rate', 'batch_size', 'dropout', 'weight_decay'];
  const [before, after] = [
    ['Run', 'State', 'Step', 'Loss'],
    ['Alerts', 'Began', 'Last heard of'],
  ];
  await expect.poll(heads, { timeout: 10_000 }).toEqual([...before, ...first, ...after]);
  await page.locator('.sort:text-is("learning_rate")').click();
  await expect.poll(names).toEqual(['r0', 'r2', 'r1']);
  await page.fill('input[type="search"]', 'learning_rate<0.05');
  await expect.poll(names).toEqual(['r2', 'r1']);
  await page.fill('input[type="search"]', 'scheduler=linear');
  await expect.poll(names).toEqual(['r0']);
  await page.fill('input[type="search"]', '');
  await page.click('button:text-is("3 more settings")');
  await expect.poll(heads).toEqual([...before, ...first, 'warmup', 'scheduler', 'output_dir', ...after]);
  await expect.poll(() => new URL(page.url()).hash).toBe('#runsSorting=-setting%3Alearning_rate&allSettings=');
  await page.reload();
  await expect.poll(names).toEqual(['r0', 'r2', 'r1']);
  expect((await heads()).length).toBe(14);
  for (const all of [true, false]) {
    for (const { width, colorScheme } of LOOKS) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      expect(await violationsOf(page), `${width} ${colorScheme}`).toEqual([]);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect(overflow, `${width} pixels`).toBeLessThanOrEqual(0);
      if (process.env.SCREENSHOTS) {
        const path = join(process.env.SCREENSHOTS, `settings-${all}-${width}-${colorScheme}.png`);
        await page.screenshot({ path });
      }
    }
    await page.click('button:text-is("3 more settings")');
  }
  expect(troubles).toEqual([]);
  await page.close();
});

it('a page outlives its server, and goes on with the next', async () => {
  const other = await send('bert', 5, 0.1);
  const { port } = new URL(server.url);
  const { page } = await open('/run/bert/');
  await page.waitForSelector('.plot-area');
  await settled(page);
  await server.close();
  await page.waitForSelector('[data-state="lost"]');
  await settled(page);
  server = await serveRuns(folder, { port: Number(port) });
  const same = new SendingProcess(server.url, { run: 'bert', session: other.session });
  await same.begin(TABLE, ...stepRecords(6), end(6, 'completed'));
  await page.waitForSelector('[data-state="finished"]');
  await settled(page);
  expect(await page.textContent('.progress-text')).toMatch(/^step 6 of 100/);
  await page.close();
});
