import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import guides from '../../scripts/docs/guides.json' with { type: 'json' };
import { ROOT } from './pages.js';

it('every page of docs/ is in the menu of the site, once', () => {
  const inMenu = Object.values(guides).flat();
  const pages = readdirSync(join(ROOT, 'docs')).filter((file) => file.endsWith('.md'));
  expect(inMenu.map((guide) => `${guide}.md`).sort()).toEqual(pages.sort());
});
