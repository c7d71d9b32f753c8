import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withFaults } from '../faults/reliability-page.js';

it('every fault of the suite is in docs/reliability.md: `npm run faults -- --write`', () => {
  const page = readFileSync(new URL('../../docs/reliability.md', import.meta.url), 'utf8');
  expect(page).toBe(withFaults(page));
});
