import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SortValue, sortedBy } from '../../../../src/page/client/parts/sorting.js';

const same = (value: SortValue) => value;

test('numbers by size, NaN above all, nothing last either way', () => {
  const values = [1, undefined, Number.NaN, -Infinity, 0, 10];
  expect(sortedBy(values, same, false)).toEqual([-Infinity, 0, 1, 10, Number.NaN, undefined]);
  expect(sortedBy(values, same, true)).toEqual([Number.NaN, 10, 1, 0, -Infinity, undefined]);
});

test('texts by the numbers in them', () => {
  expect(sortedBy(['layer.10', 'layer.9', 'a'], same, false)).toEqual(['a', 'layer.9', 'layer.10']);
});

test('sorting loses nothing, sorts every pair, and leaves equals as they were', () => {
  const item = fc.record({ id: fc.nat(), value: fc.option(fc.double(), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(item), fc.boolean(), (items, descending) => {
      const sorted = sortedBy(items, ({ value }) => value, descending);
      expect(new Set(sorted)).toEqual(new Set(items));
      expect(sortedBy(sorted, ({ value }) => value, descending)).toEqual(sorted);
      const numbers = sorted.flatMap(({ value }) => (value === undefined || Number.isNaN(value) ? [] : [value]));
      expect(
        numbers.every((value, i) => i === 0 || (descending ? numbers[i - 1]! >= value : numbers[i - 1]! <= value)),
      ).toBe(true);
    }),
  );
});
