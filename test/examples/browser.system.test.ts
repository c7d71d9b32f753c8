import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleForBrowser } from '../../scripts/browser-bundle.js';
import { launchChromium } from '../helpers/chromium.js';
import { servePage } from '../helpers/serve-page.js';
import { settled } from '../helpers/settled.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WASM = join(ROOT, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

it('in-page.ts trains in a page, and its panel stays with what it has seen', async () => {
  const { outputFiles } = await bundleForBrowser({ entryPoints: ['test/examples/in-page.ts'], format: 'iife' });
  const html = '<!doctype html><title>in-page</title><div id="here"></div><script src="/page.js"></script>';
  const served = await servePage(html, outputFiles[0]!.text, undefined, (name) => readFileSync(join(WASM, name)));
  const page = await browser.newPage();
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(error.message));
  try {
    await page.goto(served.url);
    expect(await page.evaluate('run()')).toBe(0);
    await page.waitForSelector('.state:has-text("completed")');
    await settled(page);
    expect(await page.textContent('.title')).toBe('in-page');
    // 20 epochs of two batches.
    await page.waitForSelector('.progress-text:has-text("step 40 of 40")');
    await settled(page);
    for (const title of ['Loss', 'Update ratio by layer', 'Movers and the dead']) {
      await page.waitForSelector(`h2:text-is("${title}")`);
      await settled(page);
    }
    expect(await page.locator('.menu:has([aria-label="Download"]) .menu-item').count()).toBe(3);
    expect(troubles).toEqual([]);
  } finally {
    await page.close();
    served.close();
  }
});

it('browser/start.ts serves a page that learns digits in a worker, again and again, with the panel beside', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/browser/start.ts'], { cwd: ROOT });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    await page.goto(`${await urlOf(child)}?backend=wasm`);
    await page.waitForSelector('.state:has-text("completed")', { timeout: 200_000 });
    await settled(page);
    expect(await page.textContent('output')).toContain('backend: wasm');
    const accuracy = page.locator('section.panel:has(h2:text-is("Metric: acc")) li:has-text("evaluation") .value');
    expect(Number(await accuracy.textContent())).toBeGreaterThan(0.8);
    await page.selectOption('select[name="rate"]', '0.01');
    await page.click('button:text-is("Train")');
    await page.waitForSelector('.title:has-text("2 runs")');
    await settled(page);
    await page.waitForSelector('.state:has-text("completed")', { timeout: 200_000 });
    await settled(page);
    if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, 'browser.png') });
    await page.close();
  } finally {
    child.kill();
  }
});

function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (text) => {
      const url = /http:\S+/.exec(String(text))?.[0];
      if (url) resolve(url);
    });
    child.once('exit', () => reject(new Error('start.ts ended')));
  });
}
