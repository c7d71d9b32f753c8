import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { buildBundles } from '../../scripts/bundles.js';
import { PAGE_SCRIPT, PAGE_STYLE } from '../../src/page/page.bundle.js';

it('the committed bundles are what their sources make; npm run build:bundles makes them', async () => {
  for (const [path, text] of Object.entries(await buildBundles())) {
    const committed = readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
    expect(committed === text, path).toBe(true);
  }
});

it('nothing in the page ends the element that it stands in, in one file', () => {
  expect(/<\/script|<!--/i.test(PAGE_SCRIPT)).toBe(false);
  expect(/<\/style/i.test(PAGE_STYLE)).toBe(false);
});
