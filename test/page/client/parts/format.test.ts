import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compact, percent, tick, whole } from '../../../../src/page/client/parts/format.js';

const english = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

it('groups digits as the language does', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(whole(value)).toBe(value.toLocaleString('en'));
    }),
  );
});

it('writes the numbers of an axis as the language does', () => {
  const numbers = fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: 0, max: 2 }));
  fc.assert(
    fc.property(numbers, ([digits, decimals]) => {
      const value = digits / 10 ** decimals;
      fc.pre(Math.abs(value) >= 1e-2);
      expect(tick(value)).toBe(value.toLocaleString('en', { maximumFractionDigits: 6 }));
    }),
  );
});

it('shortens counts as the language does, but for what lies on the edge of a rounding', () => {
  for (const count of [0, 7, 950, 999, 1000, 1500, 12_345, 999_949, 999_951, 1e6, 109_482_240, 3.4e9, 7e12]) {
    expect(compact(count)).toBe(english.format(count));
  }
});

it('a share and its sign are never on two lines', () => {
  expect([0.098, 0.32, Number.NaN].map(percent)).toEqual(['9.8\u00a0%', '32\u00a0%', 'NaN']);
});
