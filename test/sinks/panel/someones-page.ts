import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { bundleForBrowser } from '../../../scripts/browser-bundle.js';
import { launchChromium } from '../../helpers/chromium.js';
import { onConsole } from '../../helpers/on-console.js';
import { type ServedPage, servePage } from '../../helpers/serve-page.js';

const HOST = `<!doctype html><html lang="en"><head><title>Someone’s page</title></head>
<body><div id="here"></div><script src="/page.js"></script></body></html>`;

/**
 * Someone's page with this script, for the tests of a file; `prepare` is done before it is loaded. What opens it gives also
 * what it complains of.
 */
export function someonesPage(script: string, prepare: (page: Page) => Promise<void> = async () => {}) {
  let browser: Browser;
  let served: ServedPage;
  beforeAll(async () => {
    const { outputFiles } = await bundleForBrowser({ entryPoints: [script], format: 'iife' });
    served = await servePage(HOST, outputFiles[0]!.text);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    served?.close();
  });
  return async () => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    const troubles: string[] = [];
    onConsole(page, (message) => troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(error.message));
    await prepare(page);
    await page.goto(served.url);
    return { page, troubles };
  };
}
