import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { settled } from '../../helpers/settled.js';
import { someonesPage } from './someones-page.js';

const openPage = someonesPage('test/sinks/panel/page.ts');

/** Of the browser's trace. */
interface TraceEvent {
  readonly name: string;
}

/** A page with a panel of a run that goes on, which has drawn all that it was told. */
async function openPanel() {
  const opened = await openPage();
  await opened.page.evaluate(
    `globalThis.panel = panelSink(document.getElementById('here')); feedInTurns(panel, 1, 40)`,
  );
  await opened.page.waitForSelector('.progress-text:has-text("step 40")');
  await settled(opened.page);
  return opened;
}

/** The browser's names of what it did of these categories while the page did something, and two frames longer. */
async function traced(page: Page, categories: readonly string[], doing: string): Promise<readonly string[]> {
  const devtools = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  devtools.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const includedCategories = [...categories];
  await devtools.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories } });
  await page.evaluate(`(async () => {
    ${doing}
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
  })()`);
  const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
  await devtools.send('Tracing.end');
  await complete;
  return events.map(({ name }) => name);
}

it('canvases are not handed over again with whatever else changes on the page', async () => {
  const { page, troubles } = await openPanel();
  expect(await page.locator('.plot canvas:visible').count()).toBeGreaterThan(1);
  const another = `document.body.append(Object.assign(document.createElement('p'), { style: 'will-change: transform', textContent: 'x' }));`;
  const names = await traced(page, ['cc', 'blink', 'devtools.timeline'], another);
  expect(names).toContain('PaintArtifactCompositor::Update');
  expect(names.filter((name) => /CanvasResource/.test(name))).toEqual([]);
  expect(troubles).toEqual([]);
  await page.evaluate('panel.close()');
  await page.close();
});

it('frames in which nothing changes find no styles', async () => {
  const { page, troubles } = await openPanel();
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  await settled(page); // its styles are found
  expect(await page.locator('.state').getAttribute('data-state')).toBe('live');
  const frames = 'for (let i = 0; i < 10; i++) await new Promise(requestAnimationFrame);';
  const names = await traced(page, ['devtools.timeline'], frames);
  expect(names).toContain('FireAnimationFrame');
  expect(names.filter((name) => name === 'UpdateLayoutTree')).toEqual([]);
  expect(troubles).toEqual([]);
  await page.evaluate('panel.close()');
  await page.close();
});

it('steps that come set what differs, and change texts that are there', async () => {
  const { page, troubles } = await openPanel();
  await page.evaluate(`(() => {
    globalThis.same = [];
    globalThis.replaced = [];
    globalThis.changed = 0;
    const words = '.words, .tile-value, .tile-note, .movers td, .movers bdi';
    new MutationObserver((mutations) => {
      for (const { type, target, attributeName, oldValue } of mutations) {
        if (type === 'characterData') changed++;
        if (type === 'childList' && target.matches(words)) replaced.push(target.className || target.localName);
        if (type === 'attributes' && target.getAttribute(attributeName) === oldValue) same.push(attributeName);
      }
    }).observe(document.querySelector('#here > div').shadowRoot, {
      subtree: true, childList: true, characterData: true, attributes: true, attributeOldValue: true,
    });
    return feedInTurns(panel, 41, 60);
  })()`);
  await page.waitForSelector('.progress-text:has-text("step 60")');
  await settled(page);
  expect(await page.evaluate('changed')).toBeGreaterThan(3);
  expect(await page.evaluate('replaced')).toEqual([]);
  expect(await page.evaluate('same')).toEqual([]);
  expect(troubles).toEqual([]);
  await page.evaluate('panel.close()');
  await page.close();
});

it('parts that have gone out of sight together are let go of one a frame', async () => {
  const { page, troubles } = await openPanel();
  await page.evaluate(`document.getElementById('here').style.height = '900px'`);
  await settled(page);
  await page.evaluate(`(() => {
    globalThis.left = [];
    let frame = 0;
    const next = () => { frame++; requestAnimationFrame(next); };
    next();
    const { shadowRoot } = document.querySelector('#here > div');
    new MutationObserver((mutations) => {
      for (const { target, oldValue } of mutations)
        if (target.matches('.skipped') && !/skipped/.test(oldValue)) left.push({ frame, at: performance.now() });
    }).observe(shadowRoot, { subtree: true, attributes: true, attributeFilter: ['class'], attributeOldValue: true });
    shadowRoot.querySelector('.frame').scrollTo(0, 1e6);
  })()`);
  await expect.poll(() => page.evaluate('left.length')).toBeGreaterThan(2);
  await settled(page);
  const left = (await page.evaluate('left')) as readonly { readonly frame: number; readonly at: number }[];
  // A frame that does not come is waited for 100 ms.
  const together = left.filter(({ frame, at }, i) => frame === left[i - 1]?.frame && at - left[i - 1]!.at < 99);
  expect(together).toEqual([]);
  expect(troubles).toEqual([]);
  await page.evaluate('panel.close()');
  await page.close();
});
