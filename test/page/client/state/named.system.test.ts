import type { Browser, Page } from 'playwright-core';
import { type LiveSink, liveSink } from 'trainscope/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../../../helpers/chromium.js';
import { settled } from '../../../helpers/settled.js';
import { updatesOf } from '../../../helpers/updates.js';

const PARAMETERS = 2_000;
const STEPS = 30;

const nameOf = (i: number) =>
  `decoder.layers.${Math.floor(i / 8)}.block.${Math.floor(i / 2) % 4}.${i % 2 === 0 ? 'weight' : 'bias'}`;
const normOf = (i: number, step: number) => 1e-6 * (i + 1) * step;

let browser: Browser;
let sink: LiveSink;
beforeAll(async () => {
  browser = await launchChromium();
  sink = liveSink({ whenBehind: 'wait' });
  sink.next({ type: 'train-begin', run: 'large', step: 0, epoch: 0, time: 1e12 } as { type: string });
  for (let step = 1; step <= STEPS; step++) {
    const norms = Array.from({ length: PARAMETERS }, (_, i): [string, number] => [nameOf(i), normOf(i, step)]);
    sink.next(updatesOf(norms, { run: 'large', step }));
  }
  await sink.flush();
});
afterAll(async () => {
  await browser?.close();
  await sink?.stop();
});

async function open(hash = ''): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  await page.goto(`${sink.url}${hash}`);
  await page.waitForSelector('.plot canvas, .parameter-page');
  await settled(page);
  return page;
}

const panelOf = (page: Page, title: string) => page.locator(`section:has(> .panel-head h2:text-is("${title}"))`);

it('in a model that is shown by its layers, any parameter is found, chosen and drawn', async () => {
  const page = await open();
  await page.click('text=Choose parameters');
  await page.locator('.parameter-list [role="status"]', { hasText: `${PARAMETERS.toLocaleString('en')} of` }).waitFor();
  await page.getByLabel(/^Search the parameters/).fill('layers.249.*.*.bias');
  await page.locator('.parameter-list [role="status"]', { hasText: '4 of' }).waitFor();
  await page.click('text=Choose none');
  await page.click('text=Choose all found');
  const legend = panelOf(page, 'Update norm').locator('.legend li');
  await expect.poll(() => legend.count(), { timeout: 10_000 }).toBe(5); // and all together
  await page.close();
});

it('each has a page, with the numbers of every step', async () => {
  const name = nameOf(1_999);
  const page = await open(`#parameter=${name}`);
  const norms = panelOf(page, 'Norm of updates');
  await norms.locator('.data summary').click();
  const rows = norms.locator('tbody tr');
  await expect.poll(() => rows.count(), { timeout: 10_000 }).toBe(STEPS);
  const [step, value] = await rows.nth(9).locator('td, th').allTextContents();
  expect(step).toBe('10');
  expect(Number(value)).toBeCloseTo(normOf(1_999, 10), 4);
  expect(await page.textContent('.subject-facts')).toContain('2,000 of 2,000');
  await page.click('text=↑ Previous');
  await expect.poll(() => page.textContent('.subject')).toBe(nameOf(1_998));
  await page.close();
});

it('its page says that its numbers are on their way, or cannot be had now, until they are there', async () => {
  const page = await browser.newPage({ reducedMotion: 'reduce' });
  let answer: (way: 'refuse' | 'let') => void = () => {};
  const decided = new Promise<'refuse' | 'let'>((resolve) => {
    answer = resolve;
  });
  let asked = 0;
  await page.route('**/detail?*', async (route) => {
    if (asked++ === 0 && (await decided) === 'refuse') await route.abort();
    else await route.continue();
  });
  await page.goto(`${sink.url}#parameter=${nameOf(5)}`);
  const missing = page.locator('.parameter-page > .hint');
  await missing.filter({ hasText: 'Its numbers are on their way.' }).waitFor();
  answer('refuse');
  await missing.filter({ hasText: 'could not be had' }).waitFor();
  await panelOf(page, 'Norm of updates').locator('.plot').waitFor();
  expect(await missing.textContent()).toBe('');
  await page.goto(`${sink.url}#parameter=not.there`);
  await missing.filter({ hasText: 'has no parameter or layer of this name' }).waitFor();
  await page.close();
});
