import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { type LiveSink, liveSink, reportSink } from 'trainscope/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { onConsole } from '../../helpers/on-console.js';
import { settled } from '../../helpers/settled.js';
import { updatesOf } from '../../helpers/updates.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'live-page-'));
const sinks: LiveSink[] = [];
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterEach(async () => {
  await Promise.all(sinks.splice(0).map((sink) => sink.stop()));
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Look {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
}

/** A page, and what went wrong in it: errors of the console, and requests to anywhere but its own server. */
async function open(url: string, { width = 1440, colorScheme = 'light' }: Look = {}) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' });
  const troubles: string[] = [];
  onConsole(page, (message) => {
    if (message.type() !== 'log') troubles.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin) {
      troubles.push(`request: ${request.url()}`);
    }
  });
  page.on('dialog', (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, troubles };
}

/** axe is put in by the browser's debugger: the page's own policy lets in no script. */
async function violationsOf(page: Page): Promise<string[]> {
  const results = (await page.evaluate(`${axe.source}; axe.run(document)`)) as axe.AxeResults;
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}

const LOOKS: readonly Required<Look>[] = [
  { width: 1440, colorScheme: 'light' },
  { width: 1440, colorScheme: 'dark' },
  { width: 390, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
];

const CONTEXT = { run: 'made', epoch: 0.5, time: 1_700_000_000_000 };

function feed(sink: Pick<LiveSink, 'next'>, steps: number, names: readonly string[], run = 'made'): void {
  sink.next({ type: 'train-begin', ...CONTEXT, run, step: 0, maxSteps: steps } as { type: string });
  for (let step = 1; step <= steps; step++) {
    const time = CONTEXT.time + step * 20;
    const at = { ...CONTEXT, run, step, time };
    const loss = step === 7 ? Number.NaN : 1 / step;
    const end = { type: 'step-end', ...at, loss, learningRate: 1e-3, durationMs: 20, examples: 8, observingMs: 1 };
    sink.next(end);
    sink.next(
      updatesOf(
        names.map((name, i): [string, number] => [name, i === 1 ? 0 : 10 ** (-1 - i)]),
        { run, step },
      ),
    );
  }
  const at = { ...CONTEXT, run, step: steps };
  const begin = { type: 'alert', ...at, rule: 'lossSpike', severity: 'warning', message: 'spike', phase: 'begin' };
  sink.next({ ...begin, firstStep: 5 } as { type: string });
  const control = { type: 'control', ...at, command: { kind: 'stop' }, source: 'stopOnAlert', message: 'stopped' };
  sink.next(control);
  sink.next({ type: 'evaluate', ...at, metrics: { accuracy: 0.5 } } as { type: string });
}

function endOf(run: string, end: { readonly status?: string; readonly reason?: string }, step = 20): { type: string } {
  return { type: 'train-end', ...CONTEXT, run, step, time: CONTEXT.time + 1000, ...end } as { type: string };
}

describe('the live page in Chromium', () => {
  it('shows the main job while it runs and when it has ended, in light and dark, wide and narrow', async () => {
    const job = spawn(process.execPath, ['--import', 'tsx', 'test/server/live/main-job.ts', '16'], { cwd: ROOT });
    try {
      const output = textOf(job);
      const url = await output.find(/http:\S+/);
      const { page, troubles } = await open(url);
      await page.locator('h1', { hasText: /Waiting for a run|bert/ }).waitFor();
      await page.waitForSelector('[data-state="live"]', { timeout: 200_000 });
      await page.waitForSelector('.tile-value');
      await output.find(/finished/);
      await page.waitForSelector('[data-state="finished"]');
      await settled(page);
      expect(await page.textContent('.progress-text')).toMatch(/^step 16 of 16 · epoch 4 of 4/);
      for (const title of [
        'Loss',
        'Update ratio by layer',
        'Movers and the dead',
        'Magnitude histogram',
        'Metric: accuracy',
      ]) {
        expect(await page.isVisible(`h2:text-is("${title}")`), title).toBe(true);
      }
      expect(troubles).toEqual([]);
      await page.close();
      for (const look of LOOKS) {
        const shown = await open(url, look);
        await shown.page.waitForSelector('.plot-area');
        await settled(shown.page);
        expect(await violationsOf(shown.page), JSON.stringify(look)).toEqual([]);
        const overflow = await shown.page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect(overflow, `${look.width} pixels`).toBeLessThanOrEqual(0);
        if (process.env.SCREENSHOTS) {
          const path = join(process.env.SCREENSHOTS, `live-${look.width}-${look.colorScheme}.png`);
          await shown.page.screenshot({ path, fullPage: true });
        }
        expect(shown.troubles).toEqual([]);
        await shown.page.close();
      }
    } finally {
      job.kill();
    }
  });

  it('shows what a model is made of, confusion, values and what layers give, accessible in every look', async () => {
    const sink = liveSink();
    sinks.push(sink);
    feed(sink, 20, ['hidden/kernel', 'hidden/bias']);
    const layer = { name: 'hidden', kind: 'Dense', outputShapes: [[null, 4]], parameters: 12, trainable: 8 };
    const histogram = { zeros: 3, nonFinite: 0, firstExponent: -4, counts: [1, 4, 9, 2] };
    const one = Float64Array.of(0.5);
    const columns = { min: one, max: one, mean: one, standardDeviation: one, zeros: one, nans: one, infinities: one };
    const confusion = {
      classes: ['<b>cat</b>', 'dog'],
      counts: [
        [7, 3],
        [1, 9],
      ],
    };
    const at = { ...CONTEXT, step: 20 };
    for (const record of [
      { type: 'train-begin', ...at, model: { layers: [layer] } },
      { type: 'evaluate', ...at, metrics: {}, confusion },
      { type: 'log', ...at, metrics: { accuracy: 0.8 } },
      { type: 'parameter-values', ...at, names: ['hidden/kernel'], sizes: [8], columns },
      ...[10, 20].map((step) => ({ type: 'activations', ...at, step, layers: [{ name: 'hidden', histogram }] })),
    ]) {
      sink.next(record);
    }
    await sink.flush();
    for (const look of LOOKS) {
      const { page, troubles } = await open(sink.url, look);
      await page.waitForSelector('h2:text-is("Confusion matrix")');
      await settled(page);
      expect(await page.locator('.matrix:not(.values) tbody tr').allInnerTexts()).toEqual([
        '<b>cat</b>\t7\t3\t70\u00a0%\t88\u00a0%\t10',
        'dog\t1\t9\t90\u00a0%\t75\u00a0%\t10',
      ]);
      expect(await page.textContent('.model tbody')).toBe('hiddenDense[?, 4]128');
      expect(await page.textContent('.values tbody')).toContain('hidden/kernel8');
      expect(await page.locator('section:has(h2:text-is("Metric: accuracy")) .legend li').allInnerTexts()).toEqual([
        'train\n0.8',
        'evaluation\n0.5',
      ]);
      expect(await page.getAttribute('.over-time', 'aria-label')).toBe(
        'activations of hidden over the steps 10 to 20. At first half of the others are below 0.5; at last half of the others are below 0.5',
      );
      expect(await violationsOf(page), JSON.stringify(look)).toEqual([]);
      expect(troubles).toEqual([]);
      await page.close();
    }
  });

  it('names stay text, NaN is shown, and the keyboard reads values and cells', async () => {
    const sink = liveSink();
    sinks.push(sink);
    const names = ['<img src=x onerror=alert(1)>/kernel', '<script>alert(2)</script>/bias', '"&\u202egnp.exe/w'];
    feed(sink, 20, names, '<b onclick=alert(3)>run</b>');
    await sink.flush();
    const { page, troubles } = await open(sink.url);
    await page.waitForSelector('.plot-area');
    await settled(page);
    expect(await page.textContent('h1')).toBe('<b onclick=alert(3)>run</b>');
    expect(await page.locator('main img, main script, h1 b').count()).toBe(0);
    expect(await page.textContent('.chips')).toContain('<img src=x onerror=alert(1)>/kernel');
    expect(await page.textContent('.happenings')).toContain('spike');
    const loss = page.locator('section:has(h2:text-is("Loss")) [role="img"]');
    expect(await loss.getAttribute('aria-label')).toContain('not a number at step 7');
    await loss.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    expect(await page.textContent('[aria-live="polite"]')).toMatch(/^Step 2, epoch 0.5, after 40 ms, .*: loss 0.5$/);
    await page.locator('canvas[role="img"]').focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.textContent('[aria-live="polite"]')).toBe('<script>alert(2)</script>, step 20: ratio 0, still');
    await page.locator('section:has(h2:text-is("Loss")) details.data summary').click();
    const rows = page.locator('section:has(h2:text-is("Loss")) tbody tr');
    await rows.first().waitFor(); // a table is made a moment after it is asked for
    expect(await rows.count()).toBe(20);
    expect(await rows.nth(6).allTextContents()).toEqual(['7not a number']);
    expect(await violationsOf(page)).toEqual([]);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('waits in a friendly way, then follows; lays runs over each other; zooms', async () => {
    const sink = liveSink();
    sinks.push(sink);
    const { page, troubles } = await open(sink.url);
    await page.waitForSelector('text=Waiting for a run');
    await settled(page);
    expect(await violationsOf(page)).toEqual([]);
    sink.next({ type: 'train-begin', ...CONTEXT, run: 'first', step: 0 } as { type: string });
    await page.waitForSelector('text=Waiting for the first step');
    await settled(page);
    feed(sink, 30, ['x/w', 'x/b'], 'first');
    feed(sink, 40, ['x/w', 'x/b'], 'second');
    await page.waitForSelector('text=2 runs');
    // Its beginning may be told before its steps.
    await page.waitForSelector('section:has(h2:text-is("Loss")) .legend li:has-text("second")');
    await settled(page);
    expect(await page.locator('section:has(h2:text-is("Loss")) .legend li').allTextContents()).toEqual([
      expect.stringContaining('first'),
      expect.stringContaining('second'),
    ]);
    const box = (await page.locator('section:has(h2:text-is("Loss")) .plot-area').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.click('text=Show all steps');
    await page.uncheck('label:has-text("second") input');
    await page.waitForSelector('section:has(h2:text-is("Loss")) .legend [aria-pressed="false"]:has-text("second")');
    await settled(page);
    expect(await violationsOf(page)).toEqual([]);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('finds its server again, and loses nothing by it', async () => {
    const sink = liveSink();
    sinks.push(sink);
    const { port } = new URL(sink.url);
    feed(sink, 10, ['x/w', 'x/b']);
    const { page } = await open(sink.url);
    await page.waitForSelector('.plot-area');
    await settled(page);
    await sink.stop();
    await page.waitForSelector('[data-state="lost"]');
    await settled(page);
    expect(await page.isVisible('h2:text-is("Loss")')).toBe(true);
    const again = liveSink({ port: Number(port) });
    sinks.push(again);
    feed(again, 25, ['x/w', 'x/b']);
    await page.waitForSelector('.progress-text:has-text("step 25 of 25")');
    await settled(page);
    await page.close();
  });

  it('a report opens from its file, asks for nothing, and shows the same', async () => {
    const file = join(folder, 'report.html');
    const sink = reportSink(file);
    feed(sink as LiveSink, 30, ['</script><img src=x onerror=alert(1)>/w', 'x/b']);
    sink.complete();
    await sink.closed;
    for (const look of LOOKS) {
      const { page, troubles } = await open(pathToFileURL(file).href, look);
      await page.context().setOffline(true);
      await page.waitForSelector('.plot-area');
      await settled(page);
      expect(await page.textContent('.state')).toBe('report');
      expect(await page.isVisible('h2:text-is("Update ratio by layer")')).toBe(true);
      expect(await violationsOf(page)).toEqual([]);
      expect(troubles).toEqual([]);
      await page.close();
    }
  });

  it('shows at a glance that a run failed, and why, as text; light and dark, wide and narrow', async () => {
    const reason = `<img src=x onerror=alert(1)> is no tensor. ${'Look at what goes in. '.repeat(20)}`;
    const sink = liveSink();
    sinks.push(sink);
    feed(sink, 20, ['x/w', 'x/b']);
    sink.next(endOf('made', { status: 'failed', reason }));
    await sink.flush();
    for (const look of LOOKS) {
      const { page, troubles } = await open(sink.url, look);
      await page.waitForSelector('.state[data-state="failed"]');
      await settled(page);
      expect(await page.textContent('.state')).toBe(`failed: ${reason}`);
      expect(await page.title()).toBe('failed · made · trainscope');
      expect(await page.locator('.happenings li').first().textContent()).toContain(`failed${reason}`);
      expect(await page.locator('.top img, main img').count()).toBe(0);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect(overflow, `${look.width} pixels`).toBeLessThanOrEqual(0);
      expect((await page.locator('.state').boundingBox())!.height).toBeLessThan(40);
      expect(await violationsOf(page), JSON.stringify(look)).toEqual([]);
      expect(troubles).toEqual([]);
      await page.close();
    }
    const { page } = await open(sink.url);
    await page.waitForSelector('.state[data-state="failed"]');
    await settled(page);
    await sink.stop();
    await page.waitForSelector('.state:has-text("and its process has ended")');
    await settled(page);
    await page.close();
  });

  it.each([
    [{ status: 'completed' }, 'finished', 'completed', 'report, completed'],
    [{ status: 'stopped', reason: 'x: y' }, 'stopped', 'stopped: x: y', 'report, stopped: x: y'],
    [{ status: 'failed' }, 'failed', 'failed', 'report, failed'],
    [{}, 'finished', 'ended', 'report, ended'],
  ])('a run that ended as %j', async (end, state, live, report) => {
    const sink = liveSink();
    sinks.push(sink);
    const file = join(folder, `${state}.html`);
    const written = reportSink(file);
    for (const each of [sink, written as LiveSink]) {
      feed(each, 5, ['x/w', 'x/b']);
      each.next(endOf('made', end));
    }
    written.complete();
    await Promise.all([sink.flush(), written.closed]);
    const { page } = await open(sink.url);
    await page.waitForSelector(`.state[data-state="${state}"]`);
    await settled(page);
    expect(await page.textContent('.state')).toBe(live);
    await page.close();
    const opened = await open(pathToFileURL(file).href);
    await opened.page.waitForSelector('.plot-area');
    await settled(opened.page);
    expect(await opened.page.textContent('.state')).toBe(report);
    await opened.page.close();
  });

  it('tells the runs that ended early from the others', async () => {
    const sink = liveSink();
    sinks.push(sink);
    for (const run of ['a', 'b', 'c']) feed(sink, 5, ['x/w', 'x/b'], run);
    sink.next(endOf('a', { status: 'failed', reason: 'why' }));
    sink.next(endOf('b', { status: 'completed' }));
    const { page } = await open(sink.url);
    await page.waitForSelector('.state:has-text("live, 1 failed")');
    await settled(page);
    expect(await page.locator('.run-bar label.run').allTextContents()).toEqual(['afailed', 'b', 'c']);
    sink.next(endOf('c', { status: 'stopped', reason: 'why' }));
    await page.waitForSelector('.state:has-text("1 failed, 1 stopped, 1 completed")');
    await settled(page);
    expect(await page.locator('.run-bar label.run').allTextContents()).toEqual(['afailed', 'b', 'cstopped']);
    await page.close();
  });

  it('says of a run that failed before its first step why', async () => {
    const sink = liveSink();
    sinks.push(sink);
    sink.next({ type: 'train-begin', ...CONTEXT, step: 0 } as { type: string });
    sink.next(endOf('made', { status: 'failed', reason: 'no data' }, 0));
    const { page } = await open(sink.url);
    await page.waitForSelector('.welcome:has-text("No step was done")');
    await settled(page);
    expect(await page.textContent('.welcome')).toContain('failed: no data');
    expect(await violationsOf(page)).toEqual([]);
    await page.close();
  });

  it('keeps its theme when told', async () => {
    const sink = liveSink();
    sinks.push(sink);
    const { page } = await open(sink.url);
    await page.click('[aria-label="Use the dark theme"]');
    await page.reload();
    expect(await page.getAttribute('html', 'data-theme')).toBe('dark');
    await page.close();
  });
});

/** What a program prints, to be waited for. */
function textOf(child: ChildProcess) {
  let text = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk;
      for (const listener of listeners) listener();
    });
  }
  return {
    find: (pattern: RegExp) =>
      new Promise<string>((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(text);
          if (found) resolve(found[0]);
        };
        listeners.add(look);
        child.once('exit', () => reject(new Error(`the job ended: ${text}`)));
        look();
      }),
  };
}
