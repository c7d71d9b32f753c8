import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axisOf } from '../../../../src/page/client/run-table/parallel-lines.js';

test('numbers stand by size, those far apart by their logarithm, texts in their order', () => {
  expect([1, 2, 5].map(axisOf([1, 2, 5]).at)).toEqual([0, 0.25, 1]);
  expect(axisOf([1e-5, 1e-3, 1e-1]).at(1e-3)).toBeCloseTo(0.5);
  expect(['adam', 'lion', 'sgd'].map(axisOf(['sgd', 'adam', 'lion']).at)).toEqual([0, 0.5, 1]);
  expect(axisOf(['layer.9', 'layer.10']).ends).toEqual(['layer.9', 'layer.10']);
});

test.each([
  [[1e-5, 1e-3, 1e-1], true],
  [[1e-3, 2e-3, 0.3], true],
  [[0.1, 0.2, 1], false],
  [[0, 1e-3, 1], false],
  [[-1, 1000], false],
  [[1e-5, 'auto', 1e-1], false],
])('the axis of %j is logarithmic: %s', (values, isLog) => {
  expect(axisOf(values).isLog).toBe(isLog);
});

test('what is given is on the axis', () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    fc.string(),
    fc.constant(undefined),
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 1 }), (values) => {
      const { at } = axisOf(values);
      for (const each of values) {
        if (each === undefined) continue;
        expect(at(each)).toBeGreaterThanOrEqual(0);
        expect(at(each)).toBeLessThanOrEqual(1);
      }
    }),
  );
});
