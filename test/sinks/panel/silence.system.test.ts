import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleForBrowser } from '../../../scripts/browser-bundle.js';
import { launchChromium } from '../../helpers/chromium.js';
import { onConsole } from '../../helpers/on-console.js';
import { type ServedPage, servePage } from '../../helpers/serve-page.js';

const HOST = `<!doctype html><html lang="en"><head><title>Someone’s page</title></head>
<body><div id="here"></div><script src="/page.js"></script></body></html>`;

let browser: Browser;
let served: ServedPage;
beforeAll(async () => {
  const { outputFiles } = await bundleForBrowser({ entryPoints: ['test/sinks/panel/worker-page.ts'], format: 'iife' });
  served = await servePage(HOST, outputFiles[0]!.text);
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  served?.close();
});

it('says of a run whose worker was terminated that it is not heard of any more', async () => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  const troubles: string[] = [];
  onConsole(page, (message) => troubles.push(message.text()));
  page.on('pageerror', (error) => troubles.push(error.message));
  await page.clock.install();
  await page.goto(served.url);
  await page.evaluate("trainAndTerminate('first', 50)");
  await page.evaluate('panel.flush()');
  await page.waitForSelector('.progress-text:has-text("step 50")');
  const note = page.locator('text=/Not heard of any more/');
  expect(await note.count()).toBe(0);

  await page.clock.fastForward(61_000);
  await page.waitForSelector('text=/Not heard of any more, without having said its end: first/');
  expect(await page.evaluate('alerts')).toEqual([]);
  await page.clock.fastForward(300_000);
  await page.waitForSelector('text=/nothing has been heard of the loop for 300 s/');
  expect(await page.evaluate('alerts')).toMatchObject([{ rule: 'stalled-training', run: 'first', phase: 'begin' }]);

  // Another one under its name is another run, and heard of.
  await page.evaluate("trainAndTerminate('first', 30)");
  await page.evaluate('panel.flush()');
  await page.waitForSelector('text=/Not heard of any more, without having said its end: first \\(for [^)]*\\)\\./');
  expect(await page.textContent('.title')).toBe('2 runs');
  expect(troubles).toEqual([]);
  await page.evaluate('panel.close()');
  await page.close();
});
