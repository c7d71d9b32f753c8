import { expect, it } from 'vitest';
import { HIDING } from '../../helpers/hiding.js';
import { someonesPage } from './someones-page.js';

/** Kept records would grow up to their limit. */
const PANEL = "globalThis.panel = panelSink({ element: document.getElementById('here'), maxKeptBytes: 1e6 })";

const openPage = someonesPage('test/sinks/panel/page.ts', (page) => page.addInitScript(HIDING).then(() => {}));

async function open() {
  const opened = await openPage();
  const { page } = opened;
  await page.evaluate(`${PANEL}; feedSteps(panel, 1, 200)`);
  await page.waitForSelector('.progress-text:has-text("step 200")');
  await page.waitForSelector('h2:text-is("Throughput") >> visible=true');
  return opened;
}

it('a page that is hidden for long takes no more memory, draws nothing, and is right when it is shown', async () => {
  const { page, troubles } = await open();
  const cdp = await page.context().newCDPSession(page);
  const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize } = await cdp.send('Runtime.getHeapUsage');
    return usedSize + backingStorageSize;
  };
  await page.evaluate('panel.flush().then(hidePage)');
  const train = (from: number, to: number) => page.evaluate(`feedInTurns(panel, ${from}, ${to})`);
  // Beyond this a history has all the columns that it will ever have.
  await train(201, 3_000);
  const before = await heap();
  await train(3_001, 12_000);
  const grown = (await heap()) - before;
  console.log(`after 9,000 more steps of 200 parameters the heap has ${(grown / 1e6).toFixed(1)} MB more`);
  // What came are 100 MB.
  expect(grown).toBeLessThan(5e6);
  expect(await page.evaluate('whileHidden.frames')).toBeLessThanOrEqual(1);
  expect(await page.textContent('.progress-text')).toContain('step 200');

  await page.evaluate('showPage()');
  await page.waitForSelector('.progress-text:has-text("step 12,000")');
  expect(await page.evaluate('panel.usage.leftOut')).toBe(0);
  const loss = page.locator('section.panel:has(h2:text-is("Loss"))');
  await loss.locator('.data summary').click();
  const last = loss.locator('tbody tr').last();
  await expect
    .poll(async () => Number((await last.textContent())?.match(/^[\d,]+/)?.[0].replace(',', '')), { timeout: 10_000 })
    .toBeGreaterThan(11_900);
  expect(troubles).toEqual([]);
  await page.close();
});

it('a loop that does not let a hidden page go has what finds no room left out, which is counted and said', async () => {
  const { page, troubles } = await open();
  await page.evaluate(`panel.flush().then(hidePage).then(() => feedSteps(panel, 201, 12_000))`);
  await page.evaluate('panel.flush().then(() => feedSteps(panel, 12_001, 12_001)).then(showPage)');
  await page.waitForSelector('.progress-text:has-text("step 12,001")');
  const { leftOut } = (await page.evaluate('panel.usage')) as { readonly leftOut: number };
  expect(leftOut).toBeGreaterThan(1_000);
  await page.waitForSelector('text=/Left out.*parameter-updates/');
  expect(troubles).toEqual([]);
  await page.close();
});
