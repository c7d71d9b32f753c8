import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATISTICS } from '../../src/index.js';
import { arrayParameters } from '../../src/parameters/array-parameters.js';
import { histogram, moments } from '../../src/parameters/kernels/on-request.js';
import { scalarKernel } from '../../src/parameters/kernels/scalar-kernel.js';
import { simdKernel } from '../../src/parameters/kernels/simd-kernel.js';
import type { ParameterSource } from '../../src/parameters/parameter-source.js';
import { statisticsOfSums, sumsOfStatistics } from '../../src/parameters/statistics-of-sums.js';
import {
  addSums,
  groupSums,
  joinSums,
  type SumsPart,
  type UpdateSums,
  zeroSums,
} from '../../src/parameters/update-sums.js';
import { relativeError, twin, twinHistogram } from './twin.js';

const ALL: readonly SumsPart[] = [
  ...(['norms', 'extremes', 'gradients', 'moments'] as const),
  ...(['update-histogram', 'weight-histogram', 'gradient-histogram'] as const),
];

interface Element {
  readonly w: number;
  readonly v: number;
  readonly g: number;
}

/** The sums of the pieces of one parameter, one element a piece. */
function sumsOf(pieces: readonly (readonly Element[])[], parts = ALL): UpdateSums {
  const named = (field: keyof Element) =>
    Object.fromEntries(pieces.map((piece, i) => [`piece ${i}`, piece.map((element) => element[field])]));
  const held = arrayParameters(named('w')).hold();
  const source: ParameterSource = arrayParameters(named('v'), { gradients: named('g') });
  return source.sums(held, parts) as UpdateSums;
}

const ordinary = fc.double({ min: -2, max: 2, noNaN: true }).map((x) => (Math.abs(x) < 1e-30 ? 0 : x));
const any = fc.oneof(
  { weight: 12, arbitrary: ordinary },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, 1e150, -1e-150) },
);
const elements = (value: fc.Arbitrary<number>) =>
  fc.array(
    fc
      .record({ w: value, v: value, g: value, still: fc.boolean() })
      .map(({ w, v, g, still }) => ({ w, v: still ? w : v, g })),
    { maxLength: 60 },
  );

/** A list cut at random places, into pieces that may be empty. */
const cut = <T>(list: fc.Arbitrary<T[]>) =>
  list.chain((whole) =>
    fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 6 }).map((places) => {
      const ends = [0, ...places.sort((a, b) => a - b), whole.length];
      return { whole, pieces: ends.slice(1).map((end, i) => whole.slice(ends[i], end)) };
    }),
  );

describe('sums of pieces', () => {
  it('are the sums of the whole, wherever it is cut, with NaN, infinities and empty pieces', () => {
    fc.assert(
      fc.property(cut(elements(any)), ({ whole, pieces }) => {
        const added = groupSums(sumsOf(pieces), [pieces.map((_, i) => i)]);
        const expected = sumsOf([whole]);
        expect(added.histograms).toEqual(expected.histograms);
        for (const field of Object.keys(expected) as (keyof UpdateSums)[]) {
          if (field === 'histograms') continue;
          const [got, exact] = [added[field]![0]!, expected[field]![0]!];
          const scale = whole.reduce((most, { w, v }) => Math.max(most, Math.abs(w), Math.abs(v - w)), 0);
          // What sums of both signs lose, and a deviation that is nothing beside the values.
          const least = field.endsWith('Sum') ? 1e-13 * scale * whole.length : 1e-13 * scale ** 2 * whole.length;
          const close = relativeError(got, exact) <= 1e-9 || Math.abs(got - exact) <= least;
          if (!close && !(Number.isNaN(exact) && !Number.isFinite(got)))
            throw new Error(`${field}: got ${got}, expected ${exact}`);
        }
      }),
      { numRuns: 400, seed: 3 },
    );
  });

  it('keep a deviation that is small beside the mean, as the difference of two sums would not', () => {
    const whole = Array.from({ length: 1000 }, (_, i) => ({ w: 1e8 + Math.sin(i), v: 1e8 + Math.sin(i) + i, g: 0 }));
    const pieces = Array.from({ length: 10 }, (_, i) => whole.slice(100 * i, 100 * (i + 1)));
    const added = groupSums(sumsOf(pieces), [pieces.map((_, i) => i)]);
    const exact = sumsOf([whole]);
    expect(relativeError(added.weightDeviation![0]!, exact.weightDeviation![0]!)).toBeLessThan(1e-9);
    expect(relativeError(added.updateDeviation![0]!, exact.updateDeviation![0]!)).toBeLessThan(1e-9);
  });

  it('are the same to the bit, added up column by column or one by one', () => {
    fc.assert(
      fc.property(cut(elements(any)), fc.subarray(['norms', 'extremes', 'gradients'] as const), ({ pieces }, parts) => {
        const sums = sumsOf(pieces, parts);
        const groups = [pieces.map((_, i) => i), [0], []];
        const added = zeroSums([0, 0, 0], parts);
        groups.forEach((members, group) => {
          for (const member of members) addSums(added, group, sums, member);
        });
        expect(groupSums(sums, groups)).toMatchObject(added);
      }),
    );
  });

  it('refuse a piece that lacks what is added up', () => {
    const into = zeroSums([0], ['norms', 'moments']);
    expect(() => addSums(into, 0, sumsOf([[]], ['norms']), 0)).toThrow(
      'sums: expected updateDeviation in the sums to add, got none; ask for the same parts of all pieces',
    );
  });

  it('are NaN for whoever has one that cannot be compared, but for gradients', () => {
    const held = arrayParameters({ a: [1], b: [1] }).hold();
    const sums = arrayParameters({ a: [2], b: [1, 2] }, { gradients: { a: [3], b: [4] } }).sums(
      held,
      ALL,
    ) as UpdateSums;
    const { updateSquares, unchanged, weightDeviation, gradientSquares, size } = groupSums(sums, [[0, 1], [0]]);
    expect([updateSquares![0], unchanged![0], weightDeviation![0]]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect([updateSquares![1], gradientSquares![0], size[0]]).toEqual([1, 25, 3]);
  });

  it('that were asked for apart are joined', () => {
    const pieces = [[{ w: 1, v: 2, g: 3 }]];
    const apart = [['norms'], ['moments', 'update-histogram'], ['gradient-histogram']] as const;
    const joined = joinSums(apart.map((parts) => sumsOf(pieces, parts)));
    const together = sumsOf(pieces, apart.flat());
    expect(joined).toEqual(together);
  });
});

describe('kernels', () => {
  it.each([scalarKernel, simdKernel()!, simdKernel(new WebAssembly.Memory({ initial: 1 }))!])(
    'refuse values of two lengths before they touch a thing: $name',
    (kernel) => {
      const into = zeroSums([2], ['norms', 'extremes']);
      for (const [before, after] of [
        [new Float32Array(2), new Float32Array(2000)],
        [new Float32Array(2000), new Float32Array(2)],
        [[1], []],
      ] as const) {
        expect(() => kernel.update(before, after, into, 0)).toThrow(
          `values: expected as many before as after, got ${before.length} and ${after.length}`,
        );
        expect(() => moments(before, after, zeroSums([2], ['moments']), 0)).toThrow(RangeError);
        expect(() => histogram(after, before)).toThrow(RangeError);
      }
      expect(into).toEqual(zeroSums([2], ['norms', 'extremes']));
    },
  );

  it('refuse arrays of two lengths within the memory where they lie', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const [before, after] = [new Float32Array(memory.buffer, 0, 4), new Float32Array(memory.buffer, 64, 8)];
    expect(() => simdKernel(memory)!.update(before, after, zeroSums([4], ['norms', 'extremes']), 0)).toThrow(
      RangeError,
    );
  });
});

describe('statistics of sums', () => {
  it('equal the float64 twin, each', () => {
    fc.assert(
      fc.property(elements(ordinary), (whole) => {
        const columns = statisticsOfSums(sumsOf([whole]), STATISTICS);
        const [w, v, g] = (['w', 'v', 'g'] as const).map((field) => whole.map((element) => element[field]));
        for (const statistic of STATISTICS) {
          const expected = twin(statistic, w!, v!, g!);
          if (statistic === 'stdRatio' && !(expected > 1e-6 && expected < 1e6)) continue;
          if (relativeError(columns[statistic][0]!, expected) > 1e-12)
            throw new Error(`${statistic}: got ${columns[statistic][0]}, expected ${expected}`);
        }
        expect(sumsOf([whole]).histograms!.weight![0]).toMatchObject(twinHistogram64(v!));
      }),
      { numRuns: 200, seed: 4 },
    );
  });

  it('give each who asks columns of their own', () => {
    const sums = sumsOf([[{ w: 1, v: 3, g: 3 }], []]);
    const [one, other] = [statisticsOfSums(sums, STATISTICS), statisticsOfSums(sums, STATISTICS)];
    for (const statistic of STATISTICS) one[statistic].fill(-1);
    for (const statistic of STATISTICS) expect(other[statistic]).not.toContain(-1);
    expect(statisticsOfSums(sums, STATISTICS)).toEqual(other);
  });

  it('lead back to the sums that add', () => {
    const sums = sumsOf([
      [{ w: 3, v: 3, g: 1 }],
      [
        { w: 4, v: 8, g: 0 },
        { w: 0, v: 0, g: 2 },
      ],
    ]);
    const statistics = ['updateNorm', 'weightNorm', 'gradientNorm', 'maxAbsUpdate', 'unchanged', 'nonFinite'] as const;
    const back = sumsOfStatistics(sums.size, statisticsOfSums(sums, statistics));
    const asked = [...statistics, 'updateRatio'] as const;
    const layer = statisticsOfSums(groupSums(back, [[0, 1]]), asked);
    expect(layer).toEqual(statisticsOfSums(groupSums(sums, [[0, 1]]), asked));
    expect([layer.updateNorm[0], layer.weightNorm[0], layer.unchanged[0]]).toEqual([4, 5, 2 / 3]);
  });

  it('say what is missing', () => {
    expect(() => statisticsOfSums(sumsOf([[]], ['gradients']), ['updateNorm'])).toThrow(
      'sums: expected updateSquares, got sums without; ask for the part that has it',
    );
  });
});

/** Ordinary values have the same power of two in either precision, unless float32 rounds them up to the next. */
function twinHistogram64(values: readonly number[]) {
  const truncated = values.map((x) => Math.sign(x) * 2 ** Math.floor(Math.log2(Math.abs(x) || 1)) * (x === 0 ? 0 : 1));
  return twinHistogram(truncated);
}
