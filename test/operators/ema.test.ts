import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type EmaOptions, ema } from '../../src/operators/ema.js';
import { updatesOf } from './fake-run.js';
import { collect } from './marbles.js';

const smooth = (values: readonly number[], options?: EmaOptions) => collect(of(...values).pipe(ema(options))).values;

describe('ema of numbers', () => {
  it('gives the first value as it is, and a constant as a constant', () => {
    expect(smooth([4])).toEqual([4]);
    for (const value of smooth([4, 4, 4])) expect(value).toBeCloseTo(4, 12);
  });

  it('weighs the past by decay, corrected for the start', () => {
    const [a, b, c] = smooth([4, 8, 8], { decay: 0.5 });
    expect(a).toBe(4);
    expect(b).toBeCloseTo((0.25 * 4 + 0.5 * 8) / 0.75, 12);
    expect(c).toBeCloseTo((0.125 * 4 + 0.25 * 8 + 0.5 * 8) / 0.875, 12);
  });

  it('halves a weight in a half-life', () => {
    expect(smooth([4, 8, 8], { halfLife: 1 })).toEqual(smooth([4, 8, 8], { decay: 0.5 }));
  });

  it('follows the values with no decay at all', () => {
    expect(smooth([1, 2, 3], { decay: 0 })).toEqual([1, 2, 3]);
  });

  it('leaves out what is not finite', () => {
    expect(smooth([Number.NaN, 4, Infinity, Number.NaN, 4])).toEqual([Number.NaN, 4, 4, 4, expect.closeTo(4, 12)]);
  });

  it('refuses what is no decay', () => {
    for (const decay of [1, -0.1, Number.NaN, '0.9' as unknown as number]) {
      expect(() => ema({ decay })).toThrow(/^decay: expected a number from 0 to below 1, got /);
    }
    expect(() => ema({ halfLife: 0 })).toThrow('halfLife: expected a positive number, got 0');
    expect(() => ema({ halfLife: 1, decay: 0.9 } as unknown as EmaOptions)).toThrow(
      'decay: expected none beside halfLife',
    );
  });
});

describe('ema of updates', () => {
  it('follows each statistic of each parameter by its name, NaN apart', () => {
    const { values } = collect(
      of(
        updatesOf({ updateNorm: [4, Number.NaN], unchanged: [0, 1] }, { names: ['a', 'b'], step: 1, loss: 9 }),
        updatesOf({ updateNorm: [2, 8], unchanged: [1, 0] }, { names: ['b', 'a'], step: 2, loss: 3 }),
        updatesOf({ updateNorm: [7], unchanged: [0] }, { names: ['c'], step: 3 }),
      ).pipe(ema({ decay: 0.5 })),
    );
    expect(values.map(({ step, names }) => [step, names])).toEqual([
      [1, ['a', 'b']],
      [2, ['b', 'a']],
      [3, ['c']],
    ]);
    expect(values[0]!.columns).toEqual({
      updateNorm: Float64Array.of(4, Number.NaN),
      unchanged: Float64Array.of(0, 1),
    });
    expect(values[1]!.columns.updateNorm[0]).toBe(2);
    expect(values[1]!.columns.updateNorm[1]).toBeCloseTo(20 / 3, 12);
    expect(values[1]!.columns.unchanged[0]).toBeCloseTo(1, 12);
    expect(values[2]!.columns.updateNorm).toEqual(Float64Array.of(7));
    expect(values.map(({ loss }) => loss)).toEqual([9, 3, 0.5]);
  });
});
