import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linearTicks, logTicks, multiples, niceStep, timeStep } from '../../../../src/page/client/chart/ticks.js';

const count = fc.integer({ min: 2, max: 12 });

test('linear ticks lie within, ascend, are neither none nor many, and have short names', () => {
  const range = fc
    .tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-3, max: 1e6, noNaN: true }))
    .map(([min, length]) => [min, min + length] as const);
  fc.assert(
    fc.property(range, count, ([min, max], most) => {
      const ticks = linearTicks(min, max, most);
      const room = 1e-6 * (max - min);
      expect(ticks.every((tick) => tick >= min - room && tick <= max + room)).toBe(true);
      expect(ticks.every((tick, i) => i === 0 || tick > ticks[i - 1]!)).toBe(true);
      expect(ticks.length).toBeLessThanOrEqual(most + 1);
      expect(ticks.length).toBeGreaterThanOrEqual(Math.floor(most / 2.5) - 1);
    }),
  );
  expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(linearTicks(0.1, 0.7, 6)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
});

test('logarithmic ticks are decades; of fewer than three, what lies between too', () => {
  expect(logTicks(1e-6, 1e-1, 10)).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]);
  expect(logTicks(1e-12, 1, 4)).toEqual([1e-12, 1e-9, 1e-6, 1e-3, 1]);
  expect(logTicks(8e-4, 3e-2, 6)).toEqual([1e-3, 2e-3, 5e-3, 1e-2, 2e-2]);
  expect(logTicks(1.1, 1.4, 4)).toEqual([1.1, 1.2, 1.3, 1.4]);
});

test('any logarithmic range has ticks within it', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -30, max: 30, noNaN: true }),
      fc.double({ min: 0.01, max: 40, noNaN: true }),
      count,
      (low, decades, most) => {
        const [min, max] = [10 ** low, 10 ** (low + decades)];
        const ticks = logTicks(min, max, most);
        expect(ticks.length).toBeGreaterThan(0);
        expect(ticks.every((tick) => tick >= min * (1 - 1e-6) && tick <= max * (1 + 1e-6))).toBe(true);
      },
    ),
  );
});

test('a nice step is 1, 2 or 5 times a power of ten, and the least that is enough', () => {
  expect([0.07, 1, 1.1, 3, 7, 1200].map(niceStep)).toEqual([0.1, 1, 2, 5, 10, 2000]);
});

test('time goes by what clocks show', () => {
  expect([3, 900, 7_000, 40_000, 200_000, 50 * 60_000, 5 * 3_600_000].map(timeStep)).toEqual([
    5,
    1000,
    10_000,
    60_000,
    300_000,
    3_600_000,
    6 * 3_600_000,
  ]);
});

test('multiples may count from anywhere, as from midnight', () => {
  expect(multiples(10, 12, 40, 3)).toEqual([13, 23, 33]);
});
