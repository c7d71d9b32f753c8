import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heightOf, middleRange, valueScale } from '../../../../src/page/client/chart/value-scale.js';

const lineOf = (values: readonly number[]) => ({
  values,
  least: Math.min(...values),
  greatest: Math.max(...values),
});

test('without choice, every value has a place', () => {
  const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(values, (all) => {
      const scale = valueScale([lineOf(all)], false, false);
      for (const value of all) {
        expect(heightOf(scale, value)).toBeGreaterThanOrEqual(0);
        expect(heightOf(scale, value)).toBeLessThanOrEqual(1);
      }
      expect(scale).toMatchObject({ above: 0, below: 0 });
    }),
  );
});

test('on a logarithmic scale, every value above 0 has one, and no other', () => {
  const values = fc.array(fc.double({ min: 1e-30, max: 1e30, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(values, (all) => {
      const scale = valueScale([lineOf(all)], true, false);
      for (const value of all) {
        expect(heightOf(scale, value)).toBeGreaterThanOrEqual(-1e-9);
        expect(heightOf(scale, value)).toBeLessThanOrEqual(1 + 1e-9);
      }
      expect(heightOf(scale, 0)).toBeNaN();
      expect(heightOf(scale, -1)).toBeNaN();
    }),
  );
});

test('the middle range is from the 2nd to the 98th percentile, sharp for any order', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => (i * 37) % 100);
  expect(middleRange(hundred)).toEqual([2, 97]);
  expect(middleRange([5, 1, 9])).toEqual([1, 9]);
});

test('outliers are left out of the scale, and counted', () => {
  const values = Array.from({ length: 100 }, (_, i) => 1 + (i % 10) / 10);
  values[50] = 1e6;
  values[70] = -1e6;
  const scale = valueScale([lineOf(values)], false, true);
  expect(scale.max).toBeLessThan(2.2);
  expect(scale.min).toBeGreaterThanOrEqual(0.9);
  expect(scale).toMatchObject({ above: 1, below: 1 });
});

test('a line of few points is none of another’s outliers', () => {
  const many = Array.from({ length: 1000 }, (_, i) => 1 + (i % 10) / 10);
  const scale = valueScale([lineOf(many), lineOf([50, 51])], false, true);
  expect(scale.max).toBeGreaterThan(51);
});

test('nothing in view is a scale, too', () => {
  expect(valueScale([], true, false)).toEqual({ log: false, min: 0, max: 1, above: 0, below: 0 });
  expect(valueScale([{ values: [], least: Infinity, greatest: -Infinity }], false, true).max).toBe(1);
});

test('what is never negative does not seem to become so', () => {
  expect(valueScale([lineOf([0.01, 5])], false, false).min).toBe(0);
  expect(valueScale([lineOf([-1, 5])], false, false).min).toBeLessThan(-1);
});

test('what differs only by how it was computed is drawn as constant', () => {
  const scale = valueScale([lineOf([50, 50.00000000001, 49.99999999999])], false, false);
  expect([heightOf(scale, 50.00000000001), heightOf(scale, 49.99999999999)].map((each) => each.toFixed(3))).toEqual([
    '0.500',
    '0.500',
  ]);
});
