import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chartRows } from '../../../../src/page/client/curves/chart-flow.js';

test.each([
  [2, 0, 3, [2]],
  [2, 1, 3, [3]],
  [2, 2, 3, [2, 2]],
  [2, 4, 3, [2, 2, 2]],
  [2, 5, 3, [2, 2, 3]],
  [2, 7, 3, [2, 2, 2, 3]],
  [1, 1, 3, [2]],
  [2, 3, 2, [2, 1, 2]],
  [2, 2, 1, [1, 1, 1, 1]],
])('%i large and %i small charts, %i beside each other', (large, small, most, rows) => {
  expect(chartRows(large, small, most)).toEqual(rows);
});

test('every chart has a place, no row has too many, and rows of a kind differ by one at most', () => {
  const nat = fc.nat({ max: 40 });
  fc.assert(
    fc.property(fc.nat({ max: 3 }), nat, fc.integer({ min: 1, max: 4 }), (large, small, most) => {
      const rows = chartRows(large, small, most);
      expect(rows.reduce((sum, row) => sum + row, 0)).toBe(large + small);
      for (const row of rows) expect([row > 0, row <= most]).toEqual([true, true]);
      const ofSmall = rows.slice(Math.ceil(large / most));
      if (ofSmall.length > 0) expect(Math.max(...ofSmall) - Math.min(...ofSmall)).toBeLessThanOrEqual(1);
    }),
  );
});
