/** What a person can do with a chart, in Chromium, on recorded runs of real trainings. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { parse } from 'csv-parse/sync';
import type { Browser, Locator, Page } from 'playwright-core';
import type { EventOf, LogEvent, StepEndEvent } from 'trainscope';
import { type LiveSink, liveSink, replay } from 'trainscope/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { smoothed } from '../../../../src/page/client/chart/smoothing.js';
import { launchChromium } from '../../../helpers/chromium.js';
import { settled } from '../../../helpers/settled.js';
import { train } from './train.js';

const folder = mkdtempSync(join(tmpdir(), 'charts-'));
const EPOCHS = 5;
const STEPS = 200;
const SEEDS = [1, 2, 3];
/** What a Trainer logs at the end. */
const ENDS = { train_runtime: 12.5, total_flos: 1e9 };
let browser: Browser;
/** One run; three seeds. */
let single: LiveSink;
let seeds: LiveSink;
const pages: Page[] = [];

beforeAll(async () => {
  browser = await launchChromium();
  const names = SEEDS.map((seed) => `seed-${seed}`);
  const options = { epochs: EPOCHS, stepsPerEpoch: STEPS / EPOCHS };
  for (const [i, run] of names.entries()) {
    await train(join(folder, `${run}.jsonl`), { run, seed: SEEDS[i]!, learningRate: 0.3 * (i + 1), ...options });
  }
  single = liveSink({ whenBehind: 'wait' });
  seeds = liveSink({ whenBehind: 'wait' });
  await Promise.all([show(single, names.slice(0, 1)), show(seeds, names)]);
}, 120_000);
afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.close()));
});
afterAll(async () => {
  await Promise.all([single?.stop(), seeds?.stop()]);
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The page stays when its run has ended. */
async function show(sink: LiveSink, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await replay(join(folder, `${name}.jsonl`)).forEach((record) => {
      sink.next(record);
    });
  }
  await sink.flush();
}

interface Look {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly hasTouch?: boolean;
}

async function open(sink: LiveSink, address = '', { width = 1440, ...look }: Look = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, reducedMotion: 'reduce', ...look });
  pages.push(page);
  await page.goto(`${sink.url}${address}`);
  await page.waitForSelector('section:has(h2:text-is("Loss")) .legend .value:not(:empty)');
  await settled(page);
  return page;
}

function chart(page: Page, title: string): Locator {
  return page.locator(`section:has(h2:text-is("${title}"))`);
}

async function areaOf(page: Page, title: string) {
  const area = chart(page, title).locator('.plot-area');
  await area.scrollIntoViewIfNeeded();
  return (await area.boundingBox())!;
}

async function pointAt(page: Page, title: string, share: number): Promise<void> {
  const { x, y, width, height } = await areaOf(page, title);
  await page.mouse.move(x + share * width, y + height / 2);
}

/** What the chart is as a file of this form. */
async function download(page: Page, title: string, form: 'PNG' | 'SVG' | 'CSV'): Promise<Buffer> {
  await chart(page, title).locator('summary[aria-label^="Download"]').click();
  const downloading = page.waitForEvent('download');
  await chart(page, title).locator('.menu-item', { hasText: form }).click();
  const file = await (await downloading).path();
  return readFileSync(file);
}

async function svgOf(page: Page, title: string): Promise<string> {
  return (await download(page, title, 'SVG')).toString();
}

function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text!);
}

async function rowsOf(page: Page, title: string): Promise<Record<string, string>[]> {
  return parse(await download(page, title, 'CSV'), { columns: true });
}

async function addressOf(page: Page): Promise<URLSearchParams> {
  return new URLSearchParams(new URL(page.url()).hash.slice(1));
}

/** The range that the address says; it is written a moment after a choice. */
async function rangeOf(page: Page): Promise<readonly [number, number] | undefined> {
  const text = (await addressOf(page)).get('range');
  return text === null ? undefined : (text.split('-').map(Number) as [number, number]);
}

/** The address has it, and the page shows it. */
async function untilRange(page: Page, test: (range: readonly [number, number] | undefined) => boolean): Promise<void> {
  await expect.poll(async () => test(await rangeOf(page))).toBe(true);
  await settled(page);
}

async function violationsOf(page: Page): Promise<string[]> {
  const results = (await page.evaluate(`${axe.source}; axe.run(document)`)) as axe.AxeResults;
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}

describe('hover', () => {
  it('says the step, when it was, and every run’s value in one place, sorted; all charts follow', async () => {
    const page = await open(seeds);
    await pointAt(page, 'Loss', 0.5);
    const readout = chart(page, 'Loss').locator('.plot-readout');
    expect(await readout.locator('strong').textContent()).toBe('Step 100');
    const rows = await readout
      .locator('li')
      .evaluateAll((all) =>
        all.map(
          (row) =>
            [
              row.querySelector('.label')!.textContent!,
              Number.parseFloat(row.querySelector('.value')!.textContent!),
            ] as const,
        ),
      );
    expect(rows.map(([label]) => label).sort()).toEqual(
      SEEDS.flatMap((seed) => [`seed-${seed}`, `seed-${seed} evaluation`]),
    );
    const values = rows.map(([, value]) => value);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    const { x, y, width, height } = await areaOf(page, 'Loss');
    for (const [below, row] of [
      [1, 0],
      [height - 1, rows.length - 1],
    ] as const) {
      await page.mouse.move(x + width / 2, y + below);
      await expect.poll(() => readout.locator('.nearest .label').allTextContents()).toEqual([rows[row]![0]]);
    }
    // The chart beside it has no readout of its own, but says the values there.
    expect(await chart(page, 'Update ratio').locator('.plot-readout').isVisible()).toBe(false);
    const there = await chart(page, 'Update ratio').locator('.legend .value').allTextContents();
    await page.mouse.move(5, 5);
    await expect.poll(() => readout.isVisible()).toBe(false);
    expect(await chart(page, 'Update ratio').locator('.legend .value').allTextContents()).not.toEqual(there);
  });

  it('of a single run says its epoch and time, too; the keyboard and a screen reader have the same', async () => {
    const page = await open(single);
    await pointAt(page, 'Loss', 0.5);
    expect(await chart(page, 'Loss').locator('.plot-readout .hint').textContent()).toMatch(
      /^epoch 2\.5 · after .+ · \d\d:\d\d:\d\d$/,
    );
    await chart(page, 'Loss').locator('.plot').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    expect(await chart(page, 'Loss').locator('.plot-readout strong').textContent()).toBe(`Step ${STEPS - 1}`);
    expect(await page.textContent('[aria-live="polite"]')).toMatch(
      /^Step 199, epoch 4\.9[78], after .*: .*train 0?\.?\d/,
    );
  });
});

describe('legend', () => {
  it('a click hides a run in all charts, also after a reload; a double click isolates it', async () => {
    const page = await open(seeds);
    const entry = (title: string, run: string) =>
      chart(page, title)
        .locator('.legend-entry')
        .filter({ hasText: new RegExp(`^${run}[^ ]*$`) })
        .first();
    await entry('Loss', 'seed-2').click();
    await expect.poll(() => entry('Update ratio', 'seed-2').getAttribute('aria-pressed')).toBe('false');
    expect((await addressOf(page)).getAll('hidden')).toEqual(['seed-2']);
    await page.reload();
    await page.waitForSelector('.legend-entry[aria-pressed="false"]');
    await settled(page); // what is pressed stays where it is
    expect(await entry('Loss', 'seed-2').getAttribute('aria-pressed')).toBe('false');
    await entry('Loss', 'seed-2').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => entry('Loss', 'seed-2').getAttribute('aria-pressed')).toBe('true');
    await entry('Update ratio', 'seed-3').dblclick();
    await expect.poll(async () => (await addressOf(page)).getAll('hidden').sort()).toEqual(['seed-1', 'seed-2']);
    await entry('Update ratio', 'seed-3').dblclick();
    await expect.poll(async () => (await addressOf(page)).getAll('hidden')).toEqual([]);
  });

  it('a double click isolates what its first click was on, where that moved the page', async () => {
    const page = await open(seeds);
    const entry = chart(page, 'Loss').locator('.legend-entry').first();
    const { x, y, width, height } = (await entry.boundingBox())!;
    const press = async (clickCount: number) => {
      await page.mouse.move(x + width / 2, y + height / 2);
      await page.mouse.down({ clickCount });
      await page.mouse.up({ clickCount });
    };
    await press(1);
    await expect.poll(async () => (await addressOf(page)).getAll('hidden')).toEqual(['seed-1']);
    await page.locator('.chart-flow').evaluate((flow) => {
      flow.style.marginTop = '60px';
    });
    await press(2);
    await expect
      .poll(async () => (await addressOf(page)).getAll('hidden'))
      .toEqual(SEEDS.filter((seed) => seed !== 1).map((seed) => `seed-${seed}`));
    // What is clicked on later is not taken for it.
    await page.locator('.chart-flow').evaluate((flow) => {
      flow.style.marginTop = '0';
    });
    await entry.click();
    await expect.poll(() => entry.getAttribute('aria-pressed')).toBe('false');
    await entry.focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => entry.getAttribute('aria-pressed')).toBe('true');
  });

  it('hides a line that is no run in its chart alone', async () => {
    const page = await open(single);
    const entry = chart(page, 'Loss').locator('.legend-entry', { hasText: 'evaluation' });
    await entry.click();
    await expect.poll(() => entry.getAttribute('aria-pressed')).toBe('false');
    expect(await chart(page, 'Metric: accuracy').locator('[aria-pressed="false"].legend-entry').count()).toBe(0);
    expect(textsOf(await svgOf(page, 'Loss'))).not.toContain('evaluation');
    await entry.click({ modifiers: ['Shift'] });
    await expect.poll(() => entry.getAttribute('aria-pressed')).toBe('true');
    expect(textsOf(await svgOf(page, 'Loss'))).not.toContain('train');
  });

  it('the loss of the loop and that of its evaluations are in one chart', async () => {
    const page = await open(single);
    const names = await chart(page, 'Loss').locator('.legend .label').allTextContents();
    expect(names).toEqual(['train', 'evaluation']);
    expect(await chart(page, 'Metric: loss').isVisible()).toBe(false);
  });
});

it('says of each of several runs when it was at a step, on a phone too', async () => {
  const sink = liveSink({ whenBehind: 'wait' });
  for (const [run, seconds] of Object.entries({ fast: 1, 'a-slow-one-with-a-long-name': 60 })) {
    for (let step = 0; step <= 20; step++) {
      const at = { run, step, epoch: step / 10, time: 1_700_000_000_000 + 1000 * seconds * step };
      const end = { loss: seconds / (step + 1), learningRate: 1e-3, durationMs: 1000 * seconds, examples: 8 };
      sink.next({ type: step === 0 ? 'train-begin' : 'step-end', ...at, ...end, observingMs: 0 } as StepEndEvent);
    }
  }
  await sink.flush();
  try {
    for (const width of [1440, 390]) {
      const page = await open(sink, '', { width });
      await pointAt(page, 'Loss', 0.5);
      const readout = chart(page, 'Loss').locator('.plot-readout');
      expect(await readout.locator('.time').allTextContents()).toEqual(['10:00', '10 s']);
      const { x, width: wide } = (await readout.boundingBox())!;
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + wide).toBeLessThanOrEqual(width);
      if (process.env.SCREENSHOTS) {
        const path = join(process.env.SCREENSHOTS, `readout-${width}.png`);
        await page.screenshot({ path });
      }
      await chart(page, 'Loss').locator('.plot').focus();
      await page.keyboard.press('End');
      expect(await page.textContent('[aria-live="polite"]')).toBe(
        'Step 20: a-slow-one-with-a-long-name 2.86 after 20:00, fast 0.0476 after 20 s',
      );
    }
    const page = await open(sink, '#axis=relative');
    await pointAt(page, 'Loss', 0.01);
    expect(await chart(page, 'Loss').locator('.plot-readout li').count()).toBe(2);
    expect(await chart(page, 'Loss').locator('.plot-readout .time').count()).toBe(0);
  } finally {
    await sink.stop();
  }
});

it('what says how fast it goes stands last, of evaluations too', async () => {
  const sink = liveSink({ whenBehind: 'wait' });
  try {
    for (let step = 1; step <= 10; step++) {
      const at = { run: 'made', step, epoch: step / 10, time: 1_700_000_000_000 + 20 * step };
      const end = { loss: 1 / step, learningRate: 1e-3, durationMs: 20, examples: 8, observingMs: 0 };
      sink.next({ type: 'step-end', ...at, ...end } as StepEndEvent);
      const speeds = { eval_runtime: 2, eval_samples_per_second: 50, eval_steps_per_second: 6 };
      const metrics = { eval_loss: 1, ...speeds, eval_accuracy: step / 10 };
      sink.next({ type: 'evaluate', ...at, metrics } as EventOf<'evaluate'>);
    }
    sink.next({ type: 'log', run: 'made', step: 10, epoch: 1, time: 0, metrics: ENDS } as LogEvent);
    await sink.flush();
    const page = await open(sink);
    await expect
      .poll(() => page.locator('.chart-flow h2:visible').allTextContents())
      .toEqual([
        ...['Loss', 'Metric: accuracy', 'Learning rate', 'Throughput'],
        ...['Metric: runtime', 'Metric: samples_per_second', 'Metric: steps_per_second'],
      ]);
    expect(await page.locator('.single dt').allTextContents()).toEqual(['total_flos', 'train_runtime']);
  } finally {
    await sink.stop();
  }
});

describe('axes', () => {
  it('say steps, epochs, the time of the training or the time of day, on every chart', async () => {
    const page = await open(single);
    expect(textsOf(await svgOf(page, 'Loss'))).toEqual(expect.arrayContaining(['Step', '50', '100', '150', '200']));
    await page.selectOption('.chart-bar select', 'epoch');
    await expect.poll(async () => (await addressOf(page)).get('axis')).toBe('epoch');
    await settled(page);
    expect(textsOf(await svgOf(page, 'Loss'))).toEqual(expect.arrayContaining(['Epoch', '1', '2', '3', '4', '5']));
    await pointAt(page, 'Loss', 0.5);
    await expect
      .poll(() => chart(page, 'Loss').locator('.plot-readout strong').textContent())
      .toMatch(/^Epoch 2\.[45]/);
    expect(await chart(page, 'Loss').locator('.plot-readout .hint').textContent()).toContain('step 100');
    await page.selectOption('.chart-bar select', 'relative');
    await expect.poll(async () => textsOf(await svgOf(page, 'Update ratio'))).toContain('Time of training');
    await page.selectOption('.chart-bar select', 'wall');
    await expect.poll(async () => textsOf(await svgOf(page, 'Update ratio'))).toContain('Time of day');
    await pointAt(page, 'Loss', 0.5);
    expect(await chart(page, 'Loss').locator('.plot-readout strong').textContent()).toMatch(
      /^\w+ \d+.*, \d\d:\d\d:\d\d$/,
    );
  });

  it('a zoomed part of another axis is one of steps in the address', async () => {
    const page = await open(single, '#axis=epoch');
    const { x, y, width, height } = await areaOf(page, 'Loss');
    await page.mouse.move(x + width * 0.2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.6, y + height / 2, { steps: 3 });
    await page.mouse.up();
    await untilRange(
      page,
      (range) => range !== undefined && Math.abs(range[0] - 40) <= 2 && Math.abs(range[1] - 120) <= 2,
    );
    expect(textsOf(await svgOf(page, 'Loss'))).toEqual(expect.arrayContaining(['1', '1.5', '2', '2.5', '3']));
  });

  it('values are linear or logarithmic by choice of each chart', async () => {
    const page = await open(single);
    const log = chart(page, 'Loss').locator('button:text-is("log")');
    await log.click();
    await expect.poll(() => log.getAttribute('aria-pressed')).toBe('true');
    expect((await addressOf(page)).getAll('otherScale')).toEqual(['Loss']);
    const ratio = chart(page, 'Update ratio').locator('button:text-is("log")');
    expect(await ratio.getAttribute('aria-pressed')).toBe('true');
    await ratio.click();
    await expect.poll(() => ratio.getAttribute('aria-pressed')).toBe('false');
    expect(textsOf(await svgOf(page, 'Update ratio'))).toContain('0');
  });
});

describe('smoothing and outliers', () => {
  it('smooths every curve by one slider, with the values behind it', async () => {
    const page = await open(single);
    await page.locator('.chart-bar input[type="range"]').fill('0.9');
    await expect.poll(async () => (await addressOf(page)).get('smoothing')).toBe('0.9');
    await settled(page);
    const rows = await rowsOf(page, 'Loss');
    const train = rows.filter((row) => row.train !== '');
    const expected = smoothed(
      train.map((row) => Number(row.step)),
      train.map((row) => Number(row.train)),
      0.9,
    );
    expect(train.map((row) => Number(row['train smoothed']))).toEqual(expected);
    const faint = (await svgOf(page, 'Loss')).match(/<path[^>]*opacity="0.3"/g);
    expect(faint?.length).toBe(2);
    expect((await svgOf(page, 'Learning rate')).match(/<path[^>]*opacity="0.3"/g)?.length).toBe(1);
  });

  it('leaves out outliers by choice, and says so', async () => {
    const page = await open(single);
    expect(textsOf(await svgOf(page, 'Loss')).join()).not.toContain('outside');
    await page.getByLabel('Ignore outliers').check();
    await expect.poll(async () => textsOf(await svgOf(page, 'Loss')).join()).toMatch(/↑ \d+ values? lies? outside/);
  });
});

describe('zoom', () => {
  it('by ctrl and the wheel around what is pointed at; a wheel alone scrolls the page', async () => {
    const page = await open(single);
    await pointAt(page, 'Loss', 0.25);
    await page.mouse.wheel(0, 300);
    await expect.poll(() => page.evaluate('scrollY')).toBeGreaterThan(0);
    expect(await rangeOf(page)).toBeUndefined();
    await pointAt(page, 'Loss', 0.25);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -300);
    await page.keyboard.up('Control');
    await untilRange(
      page,
      (range) => range !== undefined && range[0] < 50 && range[1] > 50 && range[1] - range[0] < 120,
    );
    const [from, to] = (await rangeOf(page))!;
    expect((50 - from) / (to - from)).toBeCloseTo(0.25, 1);
  });

  it('by keys: closer, farther, aside, and all', async () => {
    const page = await open(single);
    await chart(page, 'Loss').locator('.plot').focus();
    await page.keyboard.press('+');
    await untilRange(page, (range) => range?.join() === '30,170');
    await page.keyboard.press('Shift+ArrowRight');
    await untilRange(page, (range) => range?.join() === '58,198');
    await page.keyboard.press('Shift+ArrowRight');
    await untilRange(page, (range) => range?.join() === '60,200');
    await page.keyboard.press('-');
    await untilRange(page, (range) => range === undefined);
    await page.keyboard.press('+');
    await page.keyboard.press('0');
    await untilRange(page, (range) => range === undefined);
  });

  it('by two fingers, while one reads values', async () => {
    const page = await open(single, '', { width: 390, hasTouch: true });
    const { x, y, width, height } = await areaOf(page, 'Loss');
    const devtools = await page.context().newCDPSession(page);
    const touch = (type: string, shares: readonly number[]) =>
      devtools.send('Input.dispatchTouchEvent', {
        type: type as 'touchStart',
        touchPoints: shares.map((share, id) => ({ x: x + share * width, y: y + height / 2, id })),
      });
    await touch('touchStart', [0.5]);
    expect(await chart(page, 'Loss').locator('.plot-readout strong').textContent()).toMatch(/^Step (99|100|101)$/);
    await touch('touchEnd', []);
    await touch('touchStart', [0.4, 0.6]);
    await touch('touchMove', [0.3, 0.7]);
    await touch('touchMove', [0.2, 0.8]);
    await touch('touchEnd', []);
    // What was between the fingers, from step 80 to 120, now has three fifths of the width.
    await untilRange(
      page,
      (range) => range !== undefined && Math.abs(range[1] - range[0] - 67) <= 3 && Math.abs(range[0] - 67) <= 3,
    );
  });

  it('in the strip with the whole run: a part is drawn, moved, made longer, by mouse and by keys', async () => {
    const page = await open(single);
    const { x, y, width } = (await page.locator('.range-strip').boundingBox())!;
    const drag = async (from: number, to: number) => {
      await settled(page); // the handles are where the range is
      await page.mouse.move(x + width * from, y + 15);
      await page.mouse.down();
      await page.mouse.move(x + width * to, y + 15, { steps: 4 });
      await page.mouse.up();
    };
    const near = (expected: readonly [number, number]) => (range: readonly [number, number] | undefined) =>
      range?.every((step, i) => Math.abs(step - expected[i]!) <= 2) ?? false;
    await drag(0.2, 0.4);
    await untilRange(page, near([40, 80]));
    await drag(0.3, 0.5);
    await untilRange(page, near([80, 120]));
    await drag(0.6, 0.8);
    await untilRange(page, near([80, 160]));
    const last = page.getByRole('slider', { name: 'Last step shown' });
    await last.focus();
    await page.keyboard.press('PageDown');
    await untilRange(page, near([80, 140]));
    expect(await last.getAttribute('aria-valuetext')).toMatch(/^step 1(39|40|41) of 200$/);
    await page.getByRole('slider', { name: 'First step shown' }).focus();
    await page.keyboard.press('Home');
    await untilRange(page, near([0, 140]));
  });
});

describe('enlarged', () => {
  it('a chart fills the window, keeps the focus, and goes back by Escape to where it was', async () => {
    const page = await open(single);
    await chart(page, 'Loss').locator('button[aria-label^="Fill the window"]').click();
    const dialog = page.getByRole('dialog', { name: 'Loss' });
    await dialog.waitFor();
    expect((await dialog.locator('.plot-area').boundingBox())!.height).toBeGreaterThan(500);
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab');
      expect(
        await page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')"),
      ).toBe(true);
    }
    expect(await violationsOf(page)).toEqual([]);
    await page.reload();
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect((await addressOf(page)).has('enlarged')).toBe(false);
    expect(await page.locator('main .plot').count()).toBeGreaterThan(3);
    await expect.poll(() => page.evaluate('document.activeElement.ariaLabel')).toBe('Fill the window: Loss');
  });
});

it('a chart that fills the window stays there while steps come, and a new metric', async () => {
  const sink = liveSink({ whenBehind: 'wait' });
  const at = (step: number) => ({ run: 'made', step, epoch: step / 100, time: 1_700_000_000_000 + 20 * step });
  const step = (step: number) =>
    sink.next({
      ...{ type: 'step-end', ...at(step), loss: 1 / step, learningRate: 1e-3, durationMs: 20, examples: 8 },
      observingMs: 0,
    } as StepEndEvent);
  try {
    for (let i = 1; i <= 10; i++) step(i);
    await sink.flush();
    const page = await open(sink, '#enlarged=Loss');
    const inside = page.getByRole('dialog', { name: 'Loss' }).locator('.legend .value');
    await inside.waitFor();
    for (let i = 11; i <= 20; i++) {
      step(i);
      sink.next({ type: 'log', ...at(i), metrics: { accuracy: i / 20 } } as LogEvent);
      await sink.flush();
      await expect.poll(() => inside.textContent()).toBe((1 / i).toPrecision(3).replace(/\.?0+$/, ''));
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    const titles = page.locator('.chart-flow h2:visible');
    await expect
      .poll(() => titles.allTextContents())
      .toEqual(['Loss', 'Metric: accuracy', 'Learning rate', 'Throughput']);
  } finally {
    await sink.stop();
  }
});

describe('downloads', () => {
  it('CSV has the numbers that are drawn, a run a column', async () => {
    const page = await open(seeds, '#range=50-100');
    const rows = await rowsOf(page, 'Loss');
    expect(Object.keys(rows[0]!)).toEqual([
      'step',
      ...SEEDS.map((seed) => `seed-${seed}`),
      ...SEEDS.map((seed) => `seed-${seed} evaluation`),
    ]);
    expect(rows.map(({ step }) => Number(step))).toEqual(Array.from({ length: 51 }, (_, i) => 50 + i));
    const recorded: number[] = [];
    await replay(join(folder, 'seed-2.jsonl')).forEach((record) => {
      if (record.type === 'step-end' && record.step >= 50 && record.step <= 100) recorded.push(record.loss);
    });
    expect(rows.map((row) => Number(row['seed-2']))).toEqual(recorded);
  });

  it('SVG has the lines as lines, with title, legend and the background of the theme', async () => {
    const page = await open(seeds, '', { colorScheme: 'dark' });
    const svg = await svgOf(page, 'Loss');
    expect(textsOf(svg)).toEqual(expect.arrayContaining(['Loss', 'Step', 'seed-1', 'seed-3 evaluation']));
    expect(svg).toMatch(/<rect x="0" y="0" [^>]*fill="#16191e"/);
    const longest = Math.max(...[...svg.matchAll(/ d="([^"]*)"/g)].map(([, d]) => d!.split('L').length));
    expect(longest).toBe(STEPS);
    const parsed = await page.evaluate(
      (text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')?.textContent,
      svg,
    );
    expect(parsed).toBeUndefined();
  });

  it('PNG is a picture of it, twice as fine', async () => {
    const page = await open(single);
    const png = await download(page, 'Loss', 'PNG');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    const { width } = (await chart(page, 'Loss').locator('.plot').boundingBox())!;
    expect(png.readUInt32BE(16)).toBe(2 * (Math.round(width) + 36));
  });
});

describe('marks', () => {
  it('of epochs and checkpoints are drawn, and switched off for all charts', async () => {
    const page = await open(single);
    const epochs = async () => (await svgOf(page, 'Loss')).match(/opacity="0.16"/g)?.length ?? 0;
    const checkpoints = async () => (await svgOf(page, 'Loss')).match(/stroke-dasharray="1 3"/g)?.length ?? 0;
    expect([await epochs(), await checkpoints()]).toEqual([EPOCHS, EPOCHS]);
    await page.locator('summary[aria-label="Marks on the charts"]').click();
    await page.getByLabel('Epochs', { exact: true }).uncheck();
    await expect.poll(async () => (await addressOf(page)).getAll('hiddenMarks')).toEqual(['epoch']);
    await page.keyboard.press('Escape');
    await settled(page);
    expect([await epochs(), await checkpoints()]).toEqual([0, EPOCHS]);
  });
});

describe('in every look', () => {
  it.each([
    [1440, 'light'],
    [1440, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)('at %i pixels, %s, all of it is accessible and has room', async (width, colorScheme) => {
    const page = await open(seeds, '#smoothing=0.6&withoutOutliers&range=20-180', { width, colorScheme });
    if (width < 720) {
      expect(await page.locator('.chart-controls').isVisible()).toBe(false);
      await page.getByRole('button', { name: 'Charts' }).click();
    }
    await page.locator('summary[aria-label="Marks on the charts"]').click();
    expect(await violationsOf(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await page.keyboard.press('Escape');
    await chart(page, 'Loss').locator('summary[aria-label^="Download"]').click();
    expect(await violationsOf(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    if (process.env.SCREENSHOTS) {
      await page.keyboard.press('Escape');
      await pointAt(page, 'Loss', 0.4);
      await page.screenshot({ path: join(process.env.SCREENSHOTS, `charts-${width}-${colorScheme}.png`) });
    }
  });
});
