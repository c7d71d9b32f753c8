import fc from 'fast-check';
import { expect, it } from 'vitest';
import { valueStatistics } from '../../src/index.js';

const odd = fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 1e30, -1e30, 1e-40);

it('is what a naive look at the finite values finds', () => {
  fc.assert(
    fc.property(fc.float32Array({ maxLength: 50 }), fc.array(odd, { maxLength: 5 }), (array, more) => {
      const values = [...array, ...more];
      const finite = values.filter(Number.isFinite);
      const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
      const deviation = Math.sqrt(finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / finite.length);
      const found = valueStatistics(values);
      expect({ ...found, min: found.min + 0, max: found.max + 0, mean: found.mean + 0 }).toEqual({
        min: finite.length > 0 ? Math.min(...finite) + 0 : Number.NaN,
        max: finite.length > 0 ? Math.max(...finite) + 0 : Number.NaN,
        mean: mean + 0,
        standardDeviation: deviation,
        zeros: values.filter((value) => value === 0).length,
        nans: values.filter(Number.isNaN).length,
        infinities: values.filter((value) => Math.abs(value) === Infinity).length,
      });
    }),
    { seed: 1 },
  );
});
