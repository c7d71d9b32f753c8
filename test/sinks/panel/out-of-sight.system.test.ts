import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { settled } from '../../helpers/settled.js';
import { someonesPage } from './someones-page.js';

const openPage = someonesPage('test/sinks/panel/page.ts');

const IN_SHADOW = "document.querySelector('#here > div').shadowRoot";

const partOf = (page: Page, title: string) => page.locator(`section.panel:has(> .panel-head h2:text-is("${title}"))`);

/** A panel of which the charts of the loss and the update ratio are in sight, and little else. */
async function open() {
  const opened = await openPage();
  const { page } = opened;
  await page.evaluate(`document.getElementById('here').style.height = '600px';
    globalThis.panel = panelSink(document.getElementById('here')); feed(panel, 40)`);
  await page.waitForSelector('.progress-text:has-text("step 40")');
  await partOf(page, 'Loss').locator('.plot-area').waitFor();
  await settled(page);
  return opened;
}

const isSkipped = (page: Page, title: string) =>
  partOf(page, title).evaluate((part) => part.classList.contains('skipped'));

it('a part has its place and its head out of sight, and the rest once it comes into sight', async () => {
  const { page, troubles } = await open();
  const movers = partOf(page, 'Movers and the dead');
  expect([await isSkipped(page, 'Loss'), await isSkipped(page, 'Movers and the dead')]).toEqual([false, true]);
  expect(await movers.locator('h2').isVisible()).toBe(true);
  expect(await movers.locator('tbody tr:not(.spacer)').count()).toBe(0);
  expect((await movers.boundingBox())!.height).toBeGreaterThan(200);

  await movers.scrollIntoViewIfNeeded();
  await movers.locator('tbody tr:not(.spacer) >> visible=true').nth(11).waitFor();
  expect(await movers.getAttribute('tabindex')).toBeNull();
  expect(troubles).toEqual([]);
  await page.close();
});

it('a part that goes out of sight is as high as it was, and up to date when it comes back', async () => {
  const { page, troubles } = await open();
  const loss = partOf(page, 'Loss');
  await partOf(page, 'Movers and the dead').scrollIntoViewIfNeeded();
  await settled(page);
  // By now all above it have been in sight.
  const before = await page.evaluate(`${IN_SHADOW}.querySelector('.frame').scrollHeight`);
  const { height } = (await loss.boundingBox())!;
  await page.evaluate(`${IN_SHADOW}.querySelector('.frame').scrollTo(0, 1e6)`);
  await expect.poll(() => isSkipped(page, 'Loss')).toBe(true);
  expect((await loss.boundingBox())!.height).toBeCloseTo(height, 0);
  expect(await page.evaluate(`${IN_SHADOW}.querySelector('.frame').scrollHeight`)).toBeGreaterThanOrEqual(
    (before as number) - 400,
  );

  await page.evaluate('feed(panel, 60, "second")');
  await page.waitForSelector('.title:has-text("2 runs")');
  await settled(page);
  await page.evaluate(`${IN_SHADOW}.querySelector('.frame').scrollTo(0, 0)`);
  // The training and the evaluation of both.
  await expect.poll(() => loss.locator('.legend li >> visible=true').count(), { timeout: 10_000 }).toBe(4);
  expect(troubles).toEqual([]);
  await page.close();
});

it('a part that is passed by is not waited for', async () => {
  const { page, troubles } = await open();
  const movers = partOf(page, 'Movers and the dead');
  await movers.scrollIntoViewIfNeeded();
  await movers.locator('tbody tr:not(.spacer) >> visible=true').nth(11).waitFor();
  await settled(page);
  await page.evaluate(`${IN_SHADOW}.querySelector('.frame').scrollTo(0, 0)`);
  await expect.poll(() => isSkipped(page, 'Movers and the dead')).toBe(true);
  await settled(page);

  const { coming, frames } = await movers.evaluate(async (part) => {
    const frame = part.closest('.frame')!;
    const next = () => new Promise(requestAnimationFrame);
    part.scrollIntoView();
    while (part.matches('.skipped')) await next();
    const coming = part.querySelectorAll('.coming').length;
    frame.scrollTo(0, 0);
    let frames = 0;
    for (; !part.matches('.skipped'); frames++) await next();
    return { coming, frames };
  });
  expect(coming).toBeGreaterThan(10);
  expect(frames).toBeLessThan(coming / 2);
  expect(troubles).toEqual([]);
  await page.close();
});

it('the keyboard gets to all there is, in order', async () => {
  const { page, troubles } = await open();
  const reached: string[] = [];
  await page.locator('.icons button').first().focus();
  for (let stops = 0; stops < 200; stops++) {
    await page.keyboard.press('Tab');
    // What comes into sight is there before a person presses the key again.
    await settled(page);
    const name = (await page.evaluate(`(() => {
      const focused = ${IN_SHADOW}.activeElement;
      return focused ? (focused.closest('section')?.querySelector('h2')?.textContent ?? '') + ' / ' +
        (focused.getAttribute('aria-label') ?? focused.textContent).slice(0, 40) : '';
    })()`)) as string;
    if (name === '') break;
    reached.push(name);
  }
  const inOrder = [
    'Loss / Data of Loss',
    'Throughput / Data of Throughput',
    'Update ratio by layer / parameters',
    'Movers and the dead / What each parameter does',
    'Movers and the dead / embedding/kernel',
    'Update norm / Choose parameters',
    'Gradient norm / Data of Gradient norm',
    'Magnitude histogram / Magnitudes of',
  ];
  expect(reached.filter((name) => inOrder.includes(name))).toEqual(inOrder);
  expect(troubles).toEqual([]);
  await page.close();
});

it('paper has every part', async () => {
  const { page, troubles } = await open();
  await page.emulateMedia({ media: 'print' });
  for (const title of ['Movers and the dead', 'Update norm', 'Throughput', 'Magnitude histogram']) {
    await expect.poll(() => partOf(page, title).locator('.panel-body').isVisible()).toBe(true);
  }
  const rows = partOf(page, 'Movers and the dead').locator('tbody tr:not(.spacer)');
  await expect.poll(() => rows.count(), { timeout: 10_000 }).toBe(12);
  expect(await partOf(page, 'Update norm').locator('.plot canvas').first().isVisible()).toBe(true);
  expect(troubles).toEqual([]);
  await page.close();
});
