import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import type { Browser, Download, Page } from 'playwright-core';
import { toArray } from 'rxjs';
import { replay } from 'trainscope/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleForBrowser } from '../../../scripts/browser-bundle.js';
import { launchChromium } from '../../helpers/chromium.js';
import { onConsole } from '../../helpers/on-console.js';
import { type ServedPage, servePage } from '../../helpers/serve-page.js';
import { settled } from '../../helpers/settled.js';

/** No inline style or script, no eval, no WebAssembly, no blob: the strictest that lets the page's own script run. */
const STRICT = "default-src 'none'; script-src 'self'; style-src 'none'; base-uri 'none'; form-action 'none'";

/** With classes and elements that the panel has too. */
const HOST = `<!doctype html><html lang="en"><head><title>Someone’s page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"></head>
<body><main><h1>Someone’s page</h1><p class="panel tile hint">Some text of <button class="tool">theirs</button></p>
<div id="here"></div></main><script src="/page.js"></script></body></html>`;

const folder = mkdtempSync(join(tmpdir(), 'panel-'));
let browser: Browser;
let strict: ServedPage;
let styled: ServedPage;

beforeAll(async () => {
  const { outputFiles } = await bundleForBrowser({ entryPoints: ['test/sinks/panel/page.ts'], format: 'iife' });
  const style = `<style>
    * { color: rgb(1, 2, 3) !important; font: 40px serif !important; margin: 9px !important; --page: red; --text: red }
    div, section { display: inline; border: 3px solid red !important } [hidden] { display: block !important }
  </style>`;
  strict = await servePage(HOST, outputFiles[0]!.text, STRICT);
  styled = await servePage(HOST.replace('</head>', `${style}</head>`), outputFiles[0]!.text);
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  strict?.close();
  styled?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Look {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
}

/** Someone's page, and what it complains of. */
async function open({ url }: ServedPage = strict, { width = 1440, colorScheme = 'light' }: Look = {}) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' });
  const troubles: string[] = [];
  onConsole(page, (message) => troubles.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => troubles.push(error.message));
  await page.goto(url);
  await page.waitForFunction('globalThis.panelSink !== undefined');
  return { page, troubles };
}

const IN_ELEMENT = "globalThis.panel = panelSink(document.getElementById('here'))";
const DRAWER = 'globalThis.panel = panelSink()';

async function violationsOf(page: Page): Promise<string[]> {
  const results = (await page.evaluate(`${axe.source}; axe.run(document)`)) as axe.AxeResults;
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}

/** Make the window so high that no part is out of sight. */
async function inSight(page: Page, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 9_000 });
  await expect.poll(() => page.locator('.skipped >> visible=true').count(), { timeout: 10_000 }).toBe(0);
  await settled(page);
}

const LOOKS: readonly Required<Look>[] = [
  { width: 1440, colorScheme: 'light' },
  { width: 1440, colorScheme: 'dark' },
  { width: 390, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
];

async function picture(page: Page, name: string, fullPage: boolean): Promise<void> {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage });
}

describe('the panel, under the strictest content security policy', () => {
  it.each(LOOKS)('in an element: everything of two runs, without a complaint of axe: %j', async (look) => {
    const { page, troubles } = await open(strict, look);
    await page.evaluate(`${IN_ELEMENT}; feed(panel, 100, 'first'); feed(panel, 80, 'second')`);
    await page.waitForSelector('.progress-text:has-text("step")');
    await settled(page);
    await page.waitForSelector('h2:text-is("Throughput") >> visible=true');
    await settled(page);
    expect(await page.textContent('.title')).toBe('2 runs');
    expect(await page.locator('section.panel:has(h2:text-is("Loss")) .legend li').count()).toBe(4);
    for (const title of ['Update ratio by layer', 'Movers and the dead', 'Magnitude histogram', 'Metric: accuracy']) {
      expect(await page.isVisible(`h2:text-is("${title}")`), title).toBe(true);
    }
    await page.waitForSelector('text=This panel has taken');
    await settled(page);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    expect(await page.locator('.skipped').count()).toBeGreaterThan(0);
    expect(await violationsOf(page)).toEqual([]);
    await inSight(page, look.width);
    await picture(page, `panel-${look.width}-${look.colorScheme}`, true);
    expect(await violationsOf(page)).toEqual([]);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it.each(LOOKS)('as a drawer, without a complaint of axe, open and closed: %j', async (look) => {
    const { page, troubles } = await open(strict, look);
    await page.evaluate(`${DRAWER}; feed(panel, 100)`);
    await page.waitForSelector('h2:text-is("Throughput")');
    await settled(page);
    await picture(page, `drawer-${look.width}-${look.colorScheme}`, false);
    expect(await violationsOf(page)).toEqual([]);
    await inSight(page, look.width);
    expect(await violationsOf(page)).toEqual([]);
    await page.setViewportSize({ width: look.width, height: 900 });
    await page.click('[aria-label="Download"]');
    await picture(page, `menu-${look.width}-${look.colorScheme}`, false);
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.click('[aria-label="Hide the training"]');
    await picture(page, `closed-${look.width}-${look.colorScheme}`, false);
    expect(await violationsOf(page)).toEqual([]);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('opens and closes by its button and by keys, but not where someone types', async () => {
    const { page } = await open();
    await page.evaluate(`${DRAWER}; feed(panel, 20)`);
    const shown = () => page.isVisible('.drawer');
    expect(await shown()).toBe(true);
    await page.keyboard.press('`');
    expect(await shown()).toBe(false);
    await page.click('[aria-label="Show the training"]');
    expect(await shown()).toBe(true);
    await page.keyboard.press('Escape'); // the focus is on the button that hides it
    expect(await shown()).toBe(false);
    await page.keyboard.press('Enter'); // and now on the one that shows it
    expect(await shown()).toBe(true);
    await page.locator('.norms').scrollIntoViewIfNeeded();
    await page.click('text=Choose parameters');
    await page.getByLabel('Search the parameters').fill('x');
    await page.keyboard.press('`');
    expect(await shown()).toBe(true);
    await page.evaluate('panel.toggle(false)');
    expect(await shown()).toBe(false);
    await page.close();
  });

  it('is as wide as one makes it, by pointer and by key, and remembers', async () => {
    const { page } = await open();
    await page.evaluate(DRAWER);
    const width = async () => Math.round((await page.locator('.drawer').boundingBox())!.width);
    const before = await width();
    await page.focus('[role="separator"]');
    await page.keyboard.press('ArrowLeft');
    expect(await width()).toBe(before + 32);
    const box = (await page.locator('[role="separator"]').boundingBox())!;
    await page.mouse.move(box.x + 5, 400);
    await page.mouse.down();
    await page.mouse.move(700, 400, { steps: 3 });
    await page.mouse.up();
    expect(await width()).toBe(740);
    await page.keyboard.press('Home');
    expect(await width()).toBe(320);
    await page.evaluate(`panel.close(); ${DRAWER}`);
    expect(await width()).toBe(320);
    await page.close();
  });

  it('is as dark as the page around, also when that changes, until a person chooses', async () => {
    const { page } = await open();
    await page.evaluate(IN_ELEMENT);
    const theme = () => page.getAttribute('.theme', 'data-theme');
    expect(await theme()).toBe('light');
    await page.evaluate("document.documentElement.style.colorScheme = 'dark'");
    await page.waitForSelector('.theme[data-theme="dark"]');
    await settled(page);
    await page.evaluate("document.documentElement.style.colorScheme = ''");
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForSelector('.theme[data-theme="dark"]');
    await settled(page);
    await page.click('[aria-label="Use the light theme"]');
    expect(await theme()).toBe('light');
    await page.evaluate("panel.close(); globalThis.panel = panelSink({ theme: 'dark' })");
    expect(await theme()).toBe('light'); // kept
    await page.click('[aria-label="Use the dark theme"]');
    await page.evaluate(`panel.close(); ${IN_ELEMENT}`);
    expect(await theme()).toBe('dark');
    await page.close();
  });

  it('has its own scroll bar, and makes the page around no longer', async () => {
    const { page } = await open();
    await page.evaluate(`document.getElementById('here').style.height = '500px'`);
    await page.evaluate(`${IN_ELEMENT}; feed(panel, 50)`);
    await page.waitForSelector('h2:text-is("Throughput")');
    await settled(page);
    const [scrolls, height] = await page.evaluate(() => {
      const frame = document.querySelector('#here > div')!.shadowRoot!.querySelector('.frame')!;
      return [frame.scrollHeight > frame.clientHeight, document.documentElement.scrollHeight];
    });
    expect(scrolls).toBe(true);
    expect(height).toBe(900); // that of the window
    await page.evaluate('panel.close()');
    await page.close();
  });

  it('takes the size of its element, and a new one', async () => {
    const { page } = await open();
    await page.evaluate(`document.getElementById('here').style.cssText = 'width: 900px; height: 500px'`);
    await page.evaluate(`${IN_ELEMENT}; feed(panel, 50)`);
    await page.waitForSelector('h2:text-is("Throughput")');
    await settled(page);
    const canvas = () =>
      page
        .locator('section.panel:has(h2:text-is("Loss")) canvas:not(.plot-cursor)')
        .evaluate((each) => each.clientWidth);
    const columns = () =>
      page
        .locator('.grid.two')
        .first()
        .evaluate((grid) => getComputedStyle(grid).gridTemplateColumns.split(' ').length);
    const wide = await canvas();
    expect(await page.locator('#here > div').boundingBox()).toMatchObject({ width: 900, height: 500 });
    await page.evaluate(`document.getElementById('here').style.width = '1200px'`);
    expect(await columns()).toBe(2);
    await page.evaluate(`document.getElementById('here').style.width = '420px'`);
    await page.waitForFunction(
      (before) =>
        (document.querySelector('#here > div')!.shadowRoot!.querySelector('.plot canvas')?.clientWidth ?? 0) < before,
      Math.min(wide, 420),
    );
    expect(await columns()).toBe(1);
    await page.close();
  });

  it.each([
    ['in an element', IN_ELEMENT],
    ['as a drawer', DRAWER],
  ])('leaves nothing behind: %s', async (_, make) => {
    const { page, troubles } = await open();
    const before = await page.evaluate('traces()');
    await page.evaluate(`${make}; feed(panel, 60)`);
    await page.waitForSelector('h2:text-is("Throughput")');
    await settled(page);
    expect(await page.evaluate('traces()')).not.toEqual(before);
    await page.evaluate('feed(panel, 60, "more"); globalThis.closing = panel.close()');
    expect(await page.evaluate('traces()')).toEqual(before);
    await page.evaluate('closing');
    // Nothing is still to come: no timer, no frame.
    const later = await page.evaluate(`(async () => {
      const called = [];
      for (const name of ['setTimeout', 'requestAnimationFrame']) {
        const original = globalThis[name];
        globalThis[name] = (...given) => { called.push(name); return original(...given); };
      }
      feed(panel, 10, 'after');
      document.documentElement.className = 'x';
      document.documentElement.removeAttribute('class');
      dispatchEvent(new Event('resize'));
      await new Promise((resolve) => setTimeout.call(globalThis, resolve, 600));
      return called.length;
    })()`);
    expect(later).toBe(1);
    expect(await page.evaluate('traces()')).toEqual(before);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('gives the runs as files', async () => {
    const { page, troubles } = await open();
    await page.evaluate(`${IN_ELEMENT}; feed(panel, 40, 'a/b')`);
    await page.waitForSelector('h2:text-is("Throughput")');
    await settled(page);
    const save = async (label: string): Promise<{ download: Download; text: string; path: string }> => {
      await page.locator('.icons .menu').evaluate((menu) => menu.setAttribute('open', ''));
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.click(`.menu-item:has-text("${label}")`),
      ]);
      const path = join(folder, download.suggestedFilename());
      await download.saveAs(path);
      return { download, text: readFileSync(path, 'utf8'), path };
    };
    const lines = await save('JSON lines');
    expect(lines.download.suggestedFilename()).toBe('a-b.jsonl');
    const records = await new Promise<{ type: string }[]>((resolve, reject) => {
      replay(lines.path).pipe(toArray()).subscribe({ next: resolve, error: reject });
    });
    const types = records.map(({ type }) => type);
    expect(types.filter((type) => type === 'parameter-updates')).toHaveLength(40);
    expect([types[0], types.at(-1)]).toEqual(['train-begin', 'train-end']);
    const csv = (await save('CSV')).text.trim().split(/\r?\n/);
    expect(csv).toHaveLength(1 + 40 * 12);
    const report = await save('Report');
    expect(report.text).toContain('<title>trainscope</title>');
    const again = await browser.newPage();
    await again.goto(`file://${report.path}`);
    await again.waitForSelector('h1:text-is("a/b")');
    await settled(again);
    expect(troubles.filter((each) => !/wasm|WebAssembly/.test(each))).toEqual([]);
    await page.close();
    await again.close();
  });
});

describe('styles', () => {
  it('come neither in nor out', async () => {
    const { page } = await open(styled);
    const theirs = async () =>
      page.evaluate(`[...document.querySelectorAll('main, main > *, .tool')].map((each) => {
        const { color, font, padding, backgroundColor } = getComputedStyle(each);
        return [each.tagName, color, font, padding, backgroundColor].join();
      })`);
    const before = (await theirs()) as string[];
    await page.evaluate(`${IN_ELEMENT}; feed(panel, 20)`);
    await page.waitForSelector('h2:text-is("Throughput")');
    await settled(page);
    expect((await theirs()) as string[]).toEqual(before);
    const ours = await page.evaluate(`(() => {
      const host = document.querySelector('#here > div');
      const look = (element) => {
        const { color, fontFamily, fontSize, margin, borderTopWidth, display } = getComputedStyle(element);
        return { color, fontFamily, fontSize, margin, borderTopWidth, display };
      };
      return { host: look(host), title: look(host.shadowRoot.querySelector('.title')) };
    })()`);
    expect(ours).toMatchObject({
      host: { display: 'block', margin: '0px', borderTopWidth: '0px' },
      title: { color: 'rgb(28, 29, 31)', fontSize: '17px', margin: '0px', borderTopWidth: '0px' },
    });
    expect((ours as { title: { fontFamily: string } }).title.fontFamily).toContain('system-ui');
    await page.close();
  });

  it('of two panels in one page are one each, and their cursors too', async () => {
    const { page, troubles } = await open(styled);
    await page.evaluate(`globalThis.both = [panelSink(document.getElementById('here')), panelSink({ theme: 'dark' })];
      for (const panel of both) feed(panel, 20)`);
    await page.waitForSelector('.drawer h2:text-is("Throughput")');
    await settled(page);
    expect(
      await page.locator('.theme').evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset.theme)),
    ).toEqual(['light', 'dark']);
    await page.evaluate('both[1].close()');
    expect(await page.locator('.theme').count()).toBe(1);
    expect(troubles).toEqual([]);
    await page.close();
  });
});

describe('a chart', () => {
  it('fills the window from within the drawer, and gives a file; the drawer stays', async () => {
    const { page, troubles } = await open(styled);
    await page.evaluate(`globalThis.panel = panelSink(); feed(panel, 20)`);
    const loss = page.locator('section.panel:has(h2:text-is("Loss"))');
    await loss.locator('button[aria-label^="Fill the window"]').click();
    const dialog = page.getByRole('dialog', { name: 'Loss' });
    await dialog.waitFor();
    expect((await dialog.locator('.plot-area').boundingBox())!.width).toBeGreaterThan(800);
    await loss.locator('summary[aria-label^="Download"]').click();
    const downloading = page.waitForEvent('download');
    await loss.locator('.menu-item', { hasText: 'SVG' }).click();
    expect((await downloading).suggestedFilename()).toBe('Loss.svg');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await page.locator('.drawer').isVisible()).toBe(true);
    expect(troubles).toEqual([]);
    await page.close();
  });
});

describe('what comes faster than it can be shown', () => {
  it('is left out, counted, and said', async () => {
    const { page } = await open();
    await page.evaluate(`globalThis.panel = panelSink({ maxQueuedBytes: 20_000 }); feed(panel, 200)`);
    await page.waitForSelector('text=/Left out.*parameter-updates \\(\\d+\\)/');
    await settled(page);
    const { leftOut } = (await page.evaluate('panel.usage')) as { leftOut: number };
    expect(leftOut).toBeGreaterThan(100);
    expect(await page.textContent('.state')).toBe('completed');
    await page.close();
  });

  it('is drawn while it goes on coming', async () => {
    const { page } = await open();
    const isDrawn = await page.evaluate(`(async () => {
      const panel = panelSink();
      const isDrawn = () => document.body.lastElementChild.shadowRoot.querySelector('.plot canvas') !== null;
      for (let step = 1; step <= 15000 && !isDrawn(); ) {
        for (let i = 0; i < 50; i++, step++) for (const record of madeUpStep(step, 1)) panel.next(record);
        await new Promise((resolve) => setTimeout(resolve));
      }
      return isDrawn();
    })()`);
    expect(isDrawn).toBe(true);
    await page.close();
  });
});

describe('panelSink, bundled without rxjs', () => {
  it('is at most 60 kB, gzipped, of what a page loads at first', async () => {
    const contents = "export { panelSink } from 'trainscope/browser';";
    const { outputFiles, metafile } = await bundleForBrowser({
      stdin: { contents, resolveDir: import.meta.dirname },
      splitting: true,
      outdir: folder,
      external: ['rxjs'],
    });
    const { outputs } = metafile;
    const atFirst = new Set(Object.keys(outputs).filter((path) => outputs[path]!.entryPoint === '<stdin>'));
    for (const path of atFirst) {
      for (const { kind, path: next } of outputs[path]!.imports) if (kind === 'import-statement') atFirst.add(next);
    }
    const texts = [...atFirst]
      .filter((path) => path in outputs)
      .map((path) => outputFiles.find((file) => file.path.endsWith(basename(path)))!.contents);
    const kilobytes = texts.reduce((sum, text) => sum + gzipSync(text).length, 0) / 1000;
    console.log(`panelSink is ${kilobytes.toFixed(1)} kB, gzipped`);
    expect(kilobytes).toBeLessThan(60);
  });
});
