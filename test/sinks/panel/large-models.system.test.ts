import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleForBrowser } from '../../../scripts/browser-bundle.js';
import { launchChromium } from '../../helpers/chromium.js';
import { onConsole } from '../../helpers/on-console.js';
import { type ServedPage, servePage } from '../../helpers/serve-page.js';

const HOST = `<!doctype html><html lang="en"><head><title>Someone’s page</title></head>
<body><div id="here"></div><script src="/page.js"></script></body></html>`;
const PARAMETERS = 2_000;
const STEPS = 30;
const NAMES = `Array.from({ length: ${PARAMETERS} }, (_, i) => 'decoder.layers.' + (i >> 1) + (i % 2 ? '.bias' : '.weight'))`;

let browser: Browser;
let served: ServedPage;
beforeAll(async () => {
  const { outputFiles } = await bundleForBrowser({ entryPoints: ['test/sinks/panel/page.ts'], format: 'iife' });
  served = await servePage(HOST, outputFiles[0]!.text);
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  served?.close();
});

const panelOf = (page: Page, title: string) => page.locator(`section:has(> .panel-head h2:text-is("${title}"))`);

it.each([
  ['that were all kept', {}],
  ['of which only the first were kept', { maxKeptBytes: 1_000_000 }],
  ['of which none were kept', { maxKeptBytes: 0 }],
])(
  'in a model that is shown by its layers, any parameter is found and has its page, of records %s',
  async (_, options) => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    const troubles: string[] = [];
    onConsole(page, (message) => troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(error.message));
    await page.goto(served.url);
    // As a worker posts them: each record has lists of names of its own.
    await page.evaluate(`
    const options = { maxQueuedBytes: 1e9, ...${JSON.stringify(options)} };
    globalThis.panel = panelSink({ element: document.getElementById('here'), ...options });
    feed({ next: (record) => panel.next(reviveRecord(structuredClone({ ...record }))) }, ${STEPS}, 'large', ${NAMES});
  `);
    await page.click('text=Choose parameters');
    const count = page.locator('.parameter-list [role="status"]');
    await count.filter({ hasText: `${PARAMETERS.toLocaleString('en')} of` }).waitFor();
    await page.getByLabel(/^Search the parameters/).fill('layers.999.*');
    await count.filter({ hasText: '2 of' }).waitFor();
    await page.click('text=Choose none');
    await page.click('text=Choose all found');
    await expect.poll(() => panelOf(page, 'Update norm').locator('.legend li').count(), { timeout: 10_000 }).toBe(3);

    await page.locator('.parameter-list .name-link[title="decoder.layers.999.bias"]').click();
    const norms = panelOf(page, 'Norm of updates');
    await norms.locator('.data summary').click();
    const rows = norms.locator('tbody tr');
    await expect.poll(() => rows.count(), { timeout: 10_000 }).toBe(STEPS);
    for (const step of [1, STEPS]) {
      const [said, value] = await rows
        .nth(step - 1)
        .locator('td, th')
        .allTextContents();
      expect(said).toBe(String(step));
      // As feed() has it of the last of 2,000.
      expect(Number(value)).toBeCloseTo(PARAMETERS * 10 ** (-4 - step / STEPS), 3);
    }
    expect(troubles).toEqual([]);
    await page.close();
  },
);
