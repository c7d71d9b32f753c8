import { expect, it } from 'vitest';
import { settled } from '../../helpers/settled.js';
import { someonesPage } from './someones-page.js';

const openPage = someonesPage('test/sinks/panel/page.ts');

/** Of the browser's trace. */
interface LayoutEvent {
  readonly name: string;
  readonly args: { readonly beginData?: { readonly partialLayout: boolean } };
}

it.each(['.progress-text', '.tile-value', '.tile-note', '.legend .value', '.usage'])(
  'where words of %s change, the browser lays out nothing around them',
  async (selector) => {
    const { page, troubles } = await openPage();
    await page.evaluate(`globalThis.panel = panelSink(document.getElementById('here')); feed(panel, 40)`);
    await page.waitForSelector('.progress-text:has-text("step 40")');
    await settled(page);

    const devtools = await page.context().newCDPSession(page);
    const events: LayoutEvent[] = [];
    devtools.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as LayoutEvent[])));
    await devtools.send('Tracing.start', {
      transferMode: 'ReportEvents',
      traceConfig: { includedCategories: ['devtools.timeline'] },
    });
    const change = `(() => {
      const { shadowRoot } = document.querySelector('#here > div');
      const element = shadowRoot.querySelector('${selector}');
      const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
      const before = text.data;
      text.data = 'x';
      const { width, height } = element.getBoundingClientRect();
      text.data = before;
      const after = element.getBoundingClientRect();
      return [width, height, after.width, after.height];
    })()`;
    const [width, height, widthAfter, heightAfter] = (await page.evaluate(change)) as number[];
    const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
    await devtools.send('Tracing.end');
    await complete;

    expect([width, height]).toEqual([widthAfter, heightAfter]);
    const layouts = events.filter(({ name, args }) => name === 'Layout' && args.beginData);
    expect(layouts.length).toBeGreaterThan(0);
    expect(layouts.filter(({ args }) => !args.beginData!.partialLayout)).toEqual([]);
    expect(troubles).toEqual([]);
    await page.evaluate('panel.close()');
    await page.close();
  },
);
