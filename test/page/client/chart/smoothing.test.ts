import fc from 'fast-check';
import { expect, test } from 'vitest';
import { smoothed } from '../../../../src/page/client/chart/smoothing.js';

const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const weight = fc.double({ min: 0, max: 0.99, noNaN: true });

/** Places that ascend, with a value at each. */
const series = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 50 }), value), { minLength: 1, maxLength: 60 })
  .map((steps) => {
    let place = 0;
    return steps.map(([distance, each]) => {
      place += distance;
      return [place, each] as const;
    });
  });

/** As TensorBoard's: a sum that forgets, and is divided by what is left of all its weights. */
function tensorBoard(values: readonly number[], w: number): number[] {
  let last = 0;
  return values.map((each, i) => {
    last = last * w + (1 - w) * each;
    return last / (1 - w ** (i + 1));
  });
}

test('of points at equal distances it is TensorBoard’s', () => {
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 60 }),
      weight,
      fc.integer({ min: 1, max: 9 }),
      (all, w, d) => {
        const places = all.map((_, i) => i * d);
        const expected = tensorBoard(all, w);
        for (const [i, each] of smoothed(places, all, w).entries()) {
          expect(Math.abs(each - expected[i]!)).toBeLessThanOrEqual(1e-9 * Math.max(1, ...all.map(Math.abs)) * 1e3);
        }
      },
    ),
  );
});

test('a constant stays as it is, from the first point on', () => {
  fc.assert(
    fc.property(series, value, weight, (all, constant, w) => {
      const places = all.map(([place]) => place);
      for (const each of smoothed(
        places,
        all.map(() => constant),
        w,
      )) {
        expect(Math.abs(each - constant)).toBeLessThanOrEqual(1e-9 * Math.abs(constant) + 1e-300);
      }
    }),
  );
});

test('it lies between the least and the greatest value so far', () => {
  fc.assert(
    fc.property(series, weight, (all, w) => {
      const values = all.map(([, each]) => each);
      const room = 1e-9 * Math.max(1, ...values.map(Math.abs));
      for (const [i, each] of smoothed(
        all.map(([place]) => place),
        values,
        w,
      ).entries()) {
        const before = values.slice(0, i + 1);
        expect(each).toBeGreaterThanOrEqual(Math.min(...before) - room);
        expect(each).toBeLessThanOrEqual(Math.max(...before) + room);
      }
    }),
  );
});

test('what was measured three times as densely counts no more for that', () => {
  const sparse = smoothed([0, 10, 20, 30, 40, 50, 60], [0, 0, 0, 1, 1, 1, 1], 0.8);
  const dense = smoothed([0, 10, 20, 30, 33, 37, 40, 50, 60], [0, 0, 0, 1, 1, 1, 1, 1, 1], 0.8);
  expect(dense.at(-1)).toBeCloseTo(sparse.at(-1)!, 10);
  const unaware = tensorBoard([0, 0, 0, 1, 1, 1, 1, 1, 1], 0.8).at(-1)!;
  expect(Math.abs(unaware - sparse.at(-1)!)).toBeGreaterThan(0.05);
});

test('a gap stays a gap, and what comes after goes on', () => {
  const [first, gap, last] = smoothed([1, 2, 3], [4, Number.NaN, 4], 0.9);
  expect([first, gap, last]).toEqual([4, Number.NaN, 4]);
});

test('none is none', () => {
  expect(smoothed([1, 2], [3, 5], 0)).toEqual([3, 5]);
});
