import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { concat, lastValueFrom, tap } from 'rxjs';
import { type LiveSink, liveSink, replay } from 'trainscope/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { recordDigits } from '../../helpers/digit-runs.js';
import { onConsole } from '../../helpers/on-console.js';
import { settled } from '../../helpers/settled.js';
import { updatesOf } from '../../helpers/updates.js';

const KERNEL = 'encoder.layer.0.hidden/kernel';
/** With this rate of learning the digits are not learnt, and a rule says so. */
const ILL = 'digits-mlp-seed-2';
const ALL_LOOKS = [1440, 390].flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
);
/** Each view in one of them at least; in all of them for those who want to look. */
const LOOKS = process.env.SCREENSHOTS ? ALL_LOOKS : [ALL_LOOKS[0]!, ALL_LOOKS[3]!];

const folder = mkdtempSync(join(tmpdir(), 'page-rooms-'));
const sinks: LiveSink[] = [];
let browser: Browser;
let ten: string;
let one: string;
let many: string;

beforeAll(async () => {
  browser = await launchChromium();
  const files = await recordDigits(folder, 10);
  ten = await served(files);
  one = await served(files.slice(1, 2));
  many = await servedModel(400);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all(sinks.map((sink) => sink.stop()));
  rmSync(folder, { recursive: true, force: true });
});

async function served(files: readonly string[]): Promise<string> {
  const sink = liveSink();
  sinks.push(sink);
  await lastValueFrom(concat(...files.map((file) => replay(file))).pipe(tap((record) => sink.next(record))));
  await sink.flush();
  return sink.url;
}

/** A model with so many parameters; every tenth does not move. */
async function servedModel(parameters: number): Promise<string> {
  const sink = liveSink();
  sinks.push(sink);
  const at = { run: 'many', epoch: 0 };
  sink.next({ type: 'train-begin', ...at, step: 0, time: 1e12 } as { type: string });
  for (let step = 1; step <= 20; step++) {
    const norms = Array.from({ length: parameters }, (_, i): [string, number] => {
      const kind = i % 2 === 0 ? 'weight' : 'bias';
      return [
        `decoder.layers.${Math.floor(i / 8)}.block.${Math.floor(i / 2) % 4}.proj.${kind}`,
        i % 10 === 0 ? 0 : 1e-3 * (i + 1),
      ];
    });
    sink.next(updatesOf(norms, { run: 'many', step }));
  }
  await sink.flush();
  return sink.url;
}

async function open(url: string, { width = 1440, colorScheme = 'light' as 'light' | 'dark' } = {}) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' });
  const troubles: string[] = [];
  onConsole(page, (message) => {
    if (message.type() !== 'log') troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(error.message));
  await page.goto(url);
  await page.waitForSelector('.plot canvas, .parameter-page');
  await settled(page);
  return { page, troubles };
}

async function violationsOf(page: Page): Promise<string[]> {
  const { violations } = (await page.evaluate(`${axe.source}; axe.run(document)`)) as axe.AxeResults;
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}

const choicesOf = (page: Page) => new URLSearchParams(new URL(page.url()).hash.slice(1));
const moverNames = (page: Page) =>
  page.locator('.movers tbody .name-link').evaluateAll((all) => all.map((each) => (each as HTMLElement).title));
const panelOf = (page: Page, title: string) => page.locator(`section:has(> .panel-head h2:text-is("${title}"))`);

describe('parameters', () => {
  it('are found by a part, a glob or an expression, and chosen by as many as one likes', async () => {
    const { page, troubles } = await open(many);
    await page.click('text=Choose parameters');
    const search = page.getByLabel('Search the parameters');
    const count = page.locator('.parameter-list [role="status"]');
    for (const [text, found] of [
      ['', '400 of 400 parameters'],
      ['LAYERS.49', '8 of 400 parameters'],
      ['*.bias', '200 of 400 parameters'],
      ['layers.{0,1}.block.[12].**', '8 of 400 parameters'],
      ['/layers\\.4\\d\\..*bias$/', '40 of 400 parameters'],
      ['/(/', 'Invalid regular expression: /(/: Unterminated group'],
    ] as const) {
      await search.fill(text);
      await count.filter({ hasText: found }).waitFor();
    }
    await search.fill('layers.{0,1}.**');
    await count.filter({ hasText: '16 of 400' }).waitFor();
    await page.click('text=Choose none');
    await page.locator('.choice-row:has-text("No parameter is chosen")').waitFor();
    await page.click('text=Choose all found');
    const legend = panelOf(page, 'Update norm').locator('.legend li');
    await expect.poll(() => legend.count()).toBe(17); // and all together
    // Ten colours, of which the first is that of all together.
    expect(await page.locator('.chip-item path[stroke-dasharray]').count()).toBe(7);
    await expect.poll(() => choicesOf(page).getAll('parameters').length).toBe(16);
    await page.getByLabel('Remove decoder.layers.0.block.0.proj.weight', { exact: true }).click();
    await expect.poll(() => legend.count()).toBe(16);
    await page.getByLabel('Choose decoder.layers.0.block.0.proj.weight', { exact: true }).check();
    await expect.poll(() => legend.count()).toBe(17);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('are all in a long list, of which those in sight are made', async () => {
    const { page } = await open(`${many}#search=`);
    const list = page.locator('.parameter-list .rows');
    await list.locator('li .name-link').first().waitFor();
    expect(await list.locator('li').count()).toBeLessThan(60);
    await list.evaluate((element) => {
      element.scrollTop = element.scrollHeight;
    });
    const last = list.getByTitle('decoder.layers.49.block.3.proj.bias', { exact: true });
    await last.waitFor();
    expect(await last.locator('xpath=..').getAttribute('aria-posinset')).toBe('400');
    await page.close();
  });

  it('names that are long are cut where they do not differ, and are there in full', async () => {
    const { page } = await open(`${many}#search=`, { width: 390 });
    const link = page.locator('.parameter-list .name-link').first();
    await link.waitFor();
    const shown = await page.locator('.parameter-list .name-link bdi:first-child').allTextContents();
    expect(new Set(shown).size).toBe(shown.length);
    expect(shown[0]).toContain('…');
    expect(await link.getAttribute('title')).toBe('decoder.layers.0.block.0.proj.weight');
    expect(await link.locator('.visually-hidden').textContent()).toBe('decoder.layers.0.block.0.proj.weight');
    await page.close();
  });

  it('each has a page, to which a name leads, and Escape leads back', async () => {
    const { page, troubles } = await open(one);
    const link = page.locator('.movers').getByTitle(KERNEL, { exact: true });
    await link.focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector(`h2.subject:text-is("${KERNEL}")`);
    await settled(page);
    expect(await page.evaluate('document.activeElement.textContent')).toBe(KERNEL);
    expect(await page.textContent('.parameter-page .readout')).toBe('parameter · 1 of 6 · 12,544 elements');
    for (const title of ['Ratio of updates', 'Norm of updates', 'Norm of weights', 'Norm of gradients']) {
      await panelOf(page, title).locator('.plot canvas').first().waitFor();
    }
    expect(await page.locator('.over-time:visible').count()).toBe(3);
    expect(await page.locator('.parameter-page .happenings li').count()).toBe(1);
    await page.locator('.parameter-page').getByTitle('encoder.layer.0.hidden/bias', { exact: true }).last().click();
    await page.waitForSelector('h2.subject:text-is("encoder.layer.0.hidden/bias")');
    await settled(page);
    await page.click('text=Next');
    await page.waitForSelector('h2.subject:text-is("encoder.layer.1.hidden/kernel")');
    await settled(page);
    await page.click('.subject-facts .name-link');
    await page.waitForSelector('h2.subject:text-is("encoder.layer.1")');
    await settled(page);
    expect(await panelOf(page, 'Norm of weights').locator('.legend li').count()).toBe(2);
    expect(await panelOf(page, 'Ratio of updates').locator('.legend li').count()).toBe(3);
    await page.keyboard.press('Escape');
    await page.locator('h2:text-is("Loss")').waitFor();
    await expect.poll(() => page.evaluate('document.activeElement.title')).toBe(KERNEL);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('one is shown of every run that has it, while the page has the parameters of one', async () => {
    const { page, troubles } = await open(`${ten}#parameter=${encodeURIComponent(KERNEL)}`);
    const lines = panelOf(page, 'Norm of weights').locator('.legend li');
    await expect.poll(() => lines.count()).toBe(10);
    const values = panelOf(page, 'Norm of weights').locator('.legend .value');
    await expect.poll(async () => (await values.allTextContents()).filter((text) => /\d/.test(text)).length).toBe(10);
    await page.getByLabel('Parameters and alerts of').selectOption(ILL);
    await page.waitForSelector(`.subject-body`);
    await expect.poll(() => lines.count()).toBe(10);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('the heatmap’s names lead there, by pointer and by keyboard', async () => {
    const { page } = await open(one);
    const canvas = panelOf(page, 'Update ratio by layer').locator('canvas[role="img"]');
    await canvas.click({ position: { x: 60, y: 22 } });
    await page.waitForSelector('h2.subject:text-is("encoder.layer.0")');
    await settled(page);
    await page.goBack();
    await canvas.waitFor();
    await settled(page);
    await canvas.focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    await page.waitForSelector('h2.subject:text-is("classifier")');
    await settled(page);
    await page.close();
  });

  it('the heatmap is zoomed like a chart, and shows where they are pointed at, as they show where it is', async () => {
    const { page, troubles } = await open(one);
    await page.setViewportSize({ width: 1440, height: 3000 }); // all is in sight
    await settled(page);
    const map = panelOf(page, 'Update ratio by layer');
    const area = map.locator('.plot-area');
    const range = () => choicesOf(page).get('range');
    const pointAt = async (title: string, share: number) => {
      const { x, y, width, height } = (await panelOf(page, title).locator('.plot-area').boundingBox())!;
      await page.mouse.move(x + share * width, y + height / 2);
    };
    await pointAt('Update ratio by layer', 0.25);
    await page.mouse.down();
    await pointAt('Update ratio by layer', 0.5);
    await page.mouse.up();
    await expect.poll(range).toBe('15-30');
    await settled(page);
    const said = async () => Number(/, steps? (\d+)/.exec((await map.locator('.readout').textContent()) ?? '')?.[1]);
    // What was pointed at lies outside now.
    await expect.poll(said).toBeNaN();
    await pointAt('Update ratio by layer', 0.49);
    await expect.poll(said).toBe(23);
    const norm = panelOf(page, 'Weight norm').locator('.legend .value').first();
    const pointed = await norm.textContent();
    await page.mouse.move(0, 0);
    await expect.poll(() => norm.textContent()).not.toBe(pointed);
    await area.dblclick();
    await expect.poll(range).toBeNull();
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -100);
    await page.keyboard.up('Control');
    await expect.poll(range).not.toBeNull();
    await map.locator('canvas[role="img"]').focus();
    await page.keyboard.press('0');
    await expect.poll(range).toBeNull();
    await page.keyboard.press('+');
    await expect.poll(range).not.toBeNull();
    await settled(page);
    const [first, last] = range()!.split('-').map(Number);
    await page.keyboard.press('End');
    await expect.poll(said).toBe(last);
    await page.keyboard.press('Home');
    await expect.poll(said).toBe(first! + 1);
    await page.keyboard.press('0');
    await settled(page);
    expect(troubles).toEqual([]); // reading pixels back is one, to the browser
    const columnsDrawn = () =>
      map.locator('.plot-cursor').evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        const { width, height } = canvas;
        const copy = new OffscreenCanvas(width, height).getContext('2d')!;
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, width, height);
        const columns = Array.from({ length: width * height }, (_, i) => (data[4 * i + 3]! > 0 ? i % width : -1));
        return [...new Set(columns)].filter((column) => column >= 0);
      });
    // A canvas is handed over with the next frame.
    await pointAt('Weight norm', 0.3);
    await expect.poll(async () => (await columnsDrawn()).length).toBe(1);
    const [left] = await columnsDrawn();
    await pointAt('Weight norm', 0.9);
    await expect.poll(async () => (await columnsDrawn())[0]! - left!).toBeGreaterThan(400);
    expect(await columnsDrawn()).toHaveLength(1);
    await page.close();
  });

  it('those that move are sorted by any column, the dead first by choice', async () => {
    const { page } = await open(many);
    const movers = panelOf(page, 'Movers and the dead');
    expect(await movers.locator('.readout').textContent()).toBe(
      '400 parameters: 40 parameters did not move at step 20',
    );
    expect((await moverNames(page))[0]).toBe('decoder.layers.49.block.3.proj.bias');
    expect(await movers.locator('table').getAttribute('aria-rowcount')).toBe('401');
    await movers.locator('button:text-is("Ratio")').click();
    await expect.poll(async () => (await moverNames(page))[0]).toBe('decoder.layers.0.block.0.proj.weight');
    expect(await movers.locator('[aria-sort]').getAttribute('aria-sort')).toBe('ascending');
    await movers.locator('button:text-is("Name")').click();
    await expect.poll(async () => (await moverNames(page))[1]).toBe('decoder.layers.0.block.0.proj.weight');
    await movers.locator('button:text-is("Ratio")').click();
    await movers.locator('text=the dead first').click();
    await expect.poll(async () => (await moverNames(page))[0]).toBe('decoder.layers.0.block.0.proj.weight');
    await expect.poll(() => choicesOf(page).get('moversSorting')).toBe('-ratio');
    await expect.poll(() => choicesOf(page).has('deadFirst')).toBe(true);
    await page.close();
  });
});

describe('the address', () => {
  it('keeps what is chosen over a reload, and follows the way back and what is typed', async () => {
    const { page } = await open(`${ten}#runsTable=&runsGroup=setting%3AlearningRate&deadFirst=&search=*.bias`);
    await page.waitForSelector('.run-table .group');
    await settled(page);
    await page.locator('.run-table').getByLabel(`Show ${ILL}`, { exact: true }).uncheck();
    await page.locator('.movers .name-link').first().click();
    await page.waitForSelector('.parameter-page h2.subject');
    await settled(page);
    const name = await page.textContent('h2.subject');
    await page.reload();
    await page.waitForSelector('.parameter-page h2.subject');
    await settled(page);
    expect(await page.textContent('h2.subject')).toBe(name);
    await page.goBack();
    await page.waitForSelector('.run-table .group');
    await settled(page);
    expect(await page.locator('.run-table .group').count()).toBe(3);
    expect(await page.locator('.run-table').getByLabel(`Show ${ILL}`, { exact: true }).isChecked()).toBe(false);
    expect(await page.getByLabel('Search the parameters').inputValue()).toBe('*.bias');
    await page.evaluate(`location.hash = 'parameter=${encodeURIComponent(KERNEL)}'`);
    await page.waitForSelector(`h2.subject:text-is("${KERNEL}")`);
    await settled(page);
    await page.evaluate(`location.hash = 'ratiosOfParameters=&parameters=classifier%2Fbias&histogramSubject=update'`);
    await page.locator('.chip-item').filter({ hasText: 'classifier/bias' }).waitFor();
    expect(await page.locator('.chip-item').count()).toBe(1);
    expect(await page.getAttribute('.tool:text-is("parameters")', 'aria-pressed')).toBe('true');
    expect(await page.inputValue('[aria-label="Magnitudes of"]')).toBe('update');
    await page.close();
  });

  it('a name that the run does not have is said', async () => {
    const { page } = await open(`${one}#parameter=nowhere`);
    await page.waitForSelector(`text=The run ${ILL} has no parameter or layer of this name.`);
    await settled(page);
    await page.click('text=All of the run');
    await page.waitForSelector('h2:text-is("Loss")');
    await settled(page);
    expect(choicesOf(page).has('parameter')).toBe(false);
    await page.close();
  });
});

describe('alerts', () => {
  it('lead to their moment on every chart, and to their parameter', async () => {
    const { page } = await open(one);
    const alert = page.locator('.happenings button.moment').last();
    const text = await alert.locator('.step').textContent();
    await alert.click();
    await page.waitForSelector(`h2.subject:text-is("${KERNEL}")`);
    await settled(page);
    expect(choicesOf(page).get('moment')).toBe(text?.replace('step ', ''));
    expect(choicesOf(page).get('range')).toBe('0-13');
    expect(await page.locator('.parameter-page .happenings [aria-current="true"]').count()).toBe(1);
    await page.close();
  });

  it('are filtered by their kinds, in the list and on charts alike', async () => {
    const sink = liveSink();
    sinks.push(sink);
    const at = { run: 'kinds', epoch: 0, time: 1e12 };
    const alert = { rule: 'r', severity: 'warning', message: 'look', phase: 'begin', firstStep: 1 };
    for (const record of [
      updatesOf({ 'a/w': 1 }, { run: 'kinds', step: 1 }),
      { type: 'alert', ...at, step: 1, ...alert },
      { type: 'save', ...at, step: 1, path: 'checkpoint-1' },
      { type: 'save', ...at, step: 2, path: 'checkpoint-2' },
    ]) {
      sink.next(record);
    }
    await sink.flush();
    const { page } = await open(sink.url);
    const kinds = page.getByRole('group', { name: 'Kinds that are shown' });
    expect(await kinds.locator('button').allTextContents()).toEqual(['alert 1', 'checkpoint 2']);
    await kinds.locator('text=checkpoint').click();
    await expect.poll(() => page.locator('.happenings li').count()).toBe(1);
    expect(choicesOf(page).getAll('hiddenMarks')).toEqual(['save']);
    await page.close();
  });
});

describe('runs', () => {
  it('stand in a table with what tells them apart', async () => {
    const { page, troubles } = await open(ten);
    await page.click('text=Table of runs');
    const table = page.locator('.run-table');
    const names = () => table.locator('tbody .name-link').evaluateAll((all) => all.map((each) => each.textContent));
    await table.waitFor();
    const heads = await table.locator('thead .sort').allTextContents();
    expect(heads.slice(0, 8)).toEqual([
      'Run',
      'State',
      'Steps',
      'learningRate',
      'weightDecay',
      'seed',
      'loss',
      'least loss',
    ]);
    expect(heads).toContain('greatest eval/accuracy');
    expect(heads.at(-1)).toBe('outputDir');
    expect(await table.locator('.best').count()).toBeGreaterThan(3);
    expect(await page.getAttribute('.parallel', 'aria-label')).toMatch(
      /^learningRate \(logarithmic\), weightDecay, seed against greatest eval\/accuracy: a line for each of 10 runs; /,
    );
    await table.locator('button:text-is("seed")').click();
    await expect.poll(async () => (await names())[0]).toBe('digits-mlp-seed-10');
    await page.getByLabel('Filter the runs').fill('learningRate=0.3');
    await expect
      .poll(async () => (await names()).sort())
      .toEqual(['digits-mlp-seed-2', 'digits-mlp-seed-5', 'digits-mlp-seed-8']);
    await page.getByLabel('Filter the runs').fill('');
    await page.getByLabel('Group by').selectOption({ label: 'learningRate' });
    await expect
      .poll(() => table.locator('.group th').allTextContents())
      .toEqual(['learningRate 0.001: 3 runs', 'learningRate 0.003: 4 runs', 'learningRate 0.3: 3 runs']);
    await page.click('text=common settings');
    await table.locator('button:text-is("adamBeta1")').waitFor();
    await table.getByLabel(`Show ${ILL}`, { exact: true }).uncheck();
    await panelOf(page, 'Loss').scrollIntoViewIfNeeded(); // what is out of sight is drawn when it comes there
    await expect.poll(() => panelOf(page, 'Loss').locator('.legend [aria-pressed="true"]').count()).toBe(18);
    await table.locator(`.name-link:has-text("digits-mlp-seed-7")`).click();
    await expect.poll(() => page.getByLabel('Parameters and alerts of').inputValue()).toBe('digits-mlp-seed-7');
    expect(troubles).toEqual([]);
    await page.close();
  });
});

describe('the layout', () => {
  it('has full rows, no chart of a single number, and everything accessible in every look', async () => {
    const views = [
      [one, ''],
      [one, `parameter=${encodeURIComponent(KERNEL)}`],
      [one, 'parameter=encoder.layer.1'],
      [ten, 'runsTable=&runsGroup=setting%3AlearningRate&commonSettings='],
      [many, 'search=*.bias&deadFirst='],
    ] as const;
    for (const look of LOOKS) {
      for (const [i, [url, hash]] of views.entries()) {
        const { page, troubles } = await open(`${url}#${hash}`, look);
        await page.locator('.movers .name-link, .subject').first().waitFor();
        const where = `${hash} ${JSON.stringify(look)}`;
        expect(await violationsOf(page), where).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), where).toBeLessThanOrEqual(0);
        const isMain = hash !== '' ? [] : await unfilledRows(page);
        expect(isMain, where).toEqual([]);
        if (process.env.SCREENSHOTS) {
          const path = join(process.env.SCREENSHOTS, `rooms-${i}-${look.width}-${look.colorScheme}.png`);
          await page.screenshot({ path, fullPage: true });
        }
        expect(troubles).toEqual([]);
        await page.close();
      }
    }
  });

  it('prints what it shows, light, without what one presses', async () => {
    const { page } = await open(one, { colorScheme: 'dark' });
    expect(await page.getAttribute('html', 'data-theme')).toBe('dark');
    await page.emulateMedia({ media: 'print' });
    await page.waitForSelector('html[data-theme="light"]'); // heard of with the next frame
    await settled(page);
    const pressed = '.tool:visible, .icon-button:visible, input:visible, footer:visible';
    expect(await page.locator(pressed).evaluateAll((all) => all.map(({ outerHTML }) => outerHTML))).toEqual([]);
    for (const title of ['Loss', 'Weight norm', 'Update ratio by layer', 'Movers and the dead']) {
      await panelOf(page, title).waitFor(); // each is drawn in its turn
    }
    const pdf = await page.pdf({
      ...(process.env.SCREENSHOTS && { path: join(process.env.SCREENSHOTS, 'print.pdf') }),
    });
    expect(pdf.length).toBeGreaterThan(20_000);
    await page.emulateMedia({ media: 'screen' });
    await page.waitForSelector('html[data-theme="dark"]');
    await settled(page);
    await page.close();
  });
});

/** Rows of charts that do not reach the right edge. */
async function unfilledRows(page: Page): Promise<number[]> {
  const edges = await page.locator('.chart-flow').evaluate((flow) => {
    const charts = [...flow.children].filter((chart) => !(chart as HTMLElement).hidden);
    const rights = new Map<number, number>();
    for (const chart of charts) {
      const { top, right } = chart.getBoundingClientRect();
      rights.set(top, Math.max(rights.get(top) ?? 0, right));
    }
    return [...rights.values()].map((right) => flow.getBoundingClientRect().right - right);
  });
  return edges.filter((gap) => gap > 1);
}
