import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followMovers } from '../../../src/sinks/otel/movers.js';

const follow = (k: number, ...steps: number[][]) => {
  const next = followMovers(k);
  return steps.map((speeds) => next(Float64Array.from(speeds)));
};

describe('followMovers', () => {
  it('begins with the fastest, then the slowest', () => {
    expect(follow(2, [5, 1, 9, 3, 2, 7])).toEqual([[2, 5, 1, 4]]);
  });

  it('stays with one until another is twice as fast, or half as slow', () => {
    expect(follow(1, [4, 2, 1], [4, 7, 1], [4, 9, 1])).toEqual([
      [0, 2],
      [0, 2],
      [1, 2],
    ]);
    expect(follow(1, [9, 2, 1.5], [9, 1, 1.5], [9, 0.7, 1.5])).toEqual([
      [0, 2],
      [0, 2],
      [0, 1],
    ]);
  });

  it('takes NaN for the fastest, and zero for the slowest', () => {
    expect(follow(1, [1, 2, 3], [Number.NaN, 2, 3], [Number.NaN, 0, 3])).toEqual([
      [2, 0],
      [0, 1],
      [0, 1],
    ]);
  });

  it('has each once when there are few', () => {
    expect(follow(5, [1, 2])[0]!.sort()).toEqual([0, 1]);
    expect(follow(3, [])).toEqual([[]]);
  });

  it('misses none that is twice as fast as those it follows', () => {
    const speed = fc.double({ min: 1e-9, max: 10, noNaN: true });
    const steps = fc.array(fc.array(speed, { minLength: 12, maxLength: 12 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(steps, (all) => {
        const next = followMovers(3);
        for (const speeds of all) {
          const followed = next(Float64Array.from(speeds));
          const fastest = followed.slice(0, 3).map((i) => speeds[i]!);
          const others = speeds.filter((_, i) => !followed.slice(0, 3).includes(i));
          expect(Math.max(...others)).toBeLessThanOrEqual(2 * Math.min(...fastest));
        }
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});
