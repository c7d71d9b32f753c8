import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitted, panned, pinched, type StepRange, zoomedBy } from '../../../../src/page/client/chart/zoom.js';

const whole: StepRange = [0, 10_000];
const range = fc
  .tuple(fc.integer({ min: 0, max: 9_000 }), fc.integer({ min: 2, max: 900 }))
  .map(([from, length]): StepRange => [from, from + length]);

test('what fits is of whole steps, within the whole, and not of none', () => {
  const any = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(any, any, (from, to) => {
      const fit = fitted([from, to], whole);
      if (!fit) {
        expect(to - from).toBeGreaterThan(9_999);
        return;
      }
      expect(fit.every(Number.isInteger)).toBe(true);
      expect(fit[0]).toBeGreaterThanOrEqual(0);
      expect(fit[1]).toBeLessThanOrEqual(10_000);
      expect(fit[1] - fit[0]).toBeGreaterThanOrEqual(2);
    }),
  );
});

test('all of it is no range', () => {
  expect(fitted([-5, 20_000], whole)).toBeUndefined();
  expect(fitted([0, 1], [0, 1])).toBeUndefined();
});

test('to zoom in and out again is to be where one was; what is pointed at stays', () => {
  fc.assert(
    fc.property(
      range,
      fc.double({ min: 0.1, max: 10, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (some, factor, share) => {
        const zoomed = zoomedBy(some, factor, share);
        const at = ([from, to]: StepRange) => from + share * (to - from);
        expect(at(zoomed)).toBeCloseTo(at(some), 6);
        const [from, to] = zoomedBy(zoomed, 1 / factor, share);
        expect(from).toBeCloseTo(some[0], 6);
        expect(to).toBeCloseTo(some[1], 6);
      },
    ),
  );
});

test('a range that is moved keeps its length, also at the ends', () => {
  fc.assert(
    fc.property(range, fc.double({ min: -3, max: 3, noNaN: true }), (some, share) => {
      const [from, to] = fitted(panned(some, share), whole)!;
      expect(to - from).toBe(some[1] - some[0]);
    }),
  );
  expect(fitted(panned([9_000, 9_500], 5), whole)).toEqual([9_500, 10_000]);
  expect(panned([10, 12], 0.2)).toEqual([11, 13]);
});

test('what fingers hold stays under them', () => {
  fc.assert(
    fc.property(
      range,
      fc.double({ min: 0, max: 0.4, noNaN: true }),
      fc.double({ min: 0.6, max: 1, noNaN: true }),
      (held, left, right) => {
        const [from, to] = pinched(held, [left, right]);
        expect(from + left * (to - from)).toBeCloseTo(held[0], 6);
        expect(from + right * (to - from)).toBeCloseTo(held[1], 6);
      },
    ),
  );
});
