import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { settled } from '../../helpers/settled.js';
import { someonesPage } from './someones-page.js';

const PARAMETERS = 2_000;
const STEPS = 30;
const NAMES = `Array.from({ length: ${PARAMETERS} }, (_, i) => 'decoder.layers.' + (i >> 1) + (i % 2 ? '.bias' : '.weight'))`;

const open = someonesPage('test/sinks/panel/page.ts');

const panelOf = (page: Page, title: string) => page.locator(`section:has(> .panel-head h2:text-is("${title}"))`);

it.each([
  ['that were all kept', {}],
  ['of which only the first were kept', { maxKeptBytes: 1_000_000 }],
  ['of which none were kept', { maxKeptBytes: 0 }],
])(
  'in a model that is shown by its layers, any parameter is found and has its page, of records %s',
  async (_, options) => {
    const { page, troubles } = await open();
    // As a worker posts them: each record has lists of names of its own.
    await page.evaluate(`
    const options = { maxQueuedBytes: 1e9, ...${JSON.stringify(options)} };
    globalThis.panel = panelSink({ element: document.getElementById('here'), ...options });
    feed({ next: (record) => panel.next(reviveRecord(structuredClone({ ...record }))) }, ${STEPS}, 'large', ${NAMES});
  `);
    await page.waitForSelector(`.progress-text:has-text("step ${STEPS}")`);
    await settled(page);
    await page.locator('.norms').scrollIntoViewIfNeeded();
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
