import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  arrayParameters,
  RankAdder,
  type RankParameters,
  type RankSums,
  type SumsPart,
  statisticsIn,
  statisticsOfSums,
  type UpdateSums,
} from '../../src/parameters/index.js';

const PARTS: readonly SumsPart[] = ['norms', 'extremes', 'gradients', 'moments', 'update-histogram'];

function measure(before: Float64Array, after: Float64Array, gradient: Float64Array): UpdateSums {
  const values = { w: before };
  const source = arrayParameters(values, { gradients: { w: gradient } });
  const held = source.hold();
  values.w = after;
  return source.sums(held, PARTS) as UpdateSums;
}

function listOf(size: number, shape: readonly number[], part = 0, parts = 1, name = 'w'): RankParameters {
  return { names: [name], sizes: [size], shapes: [shape], pieces: [{ part, parts }] };
}

/** An array in pieces of any lengths, also of none. */
const pieces = fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }).chain((sizes) => {
  const length = sizes.reduce((sum, size) => sum + size, 0);
  const numbers = fc.float64Array({ minLength: length, maxLength: length, noNaN: true, min: -1e3, max: 1e3 });
  return fc.record({ sizes: fc.constant(sizes), before: numbers, after: numbers, gradient: numbers });
});

describe('the sums of ranks', () => {
  it('of any shards are those of the whole parameter, in any order', () => {
    fc.assert(
      fc.property(pieces, fc.boolean(), ({ sizes, before, after, gradient }, backwards) => {
        const shape = [before.length];
        let begin = 0;
        const found = sizes.map((size, part): RankSums => {
          const [from, to] = [begin, begin + size];
          begin = to;
          const sums = measure(before.slice(from, to), after.slice(from, to), gradient.slice(from, to));
          return { rank: part, parameters: listOf(size, shape, part, sizes.length), sums };
        });
        const joined = new RankAdder().join(backwards ? found.reverse() : found);
        const whole = measure(before, after, gradient);
        expect([joined.coverage, joined.sizes, joined.differences]).toEqual([1, [before.length], []]);
        // A deviation may be nothing beside the values, and its ratio to another then any number.
        const scale = Math.max(...before.map(Math.abs), ...after.map(Math.abs));
        for (const field of ['weightDeviation', 'updateDeviation'] as const) {
          const [added, exact] = [joined.sums, whole].map((sums) => sums[field]![0]!);
          const isNothing = Math.abs(added! - exact!) <= 1e-13 * scale ** 2 * before.length;
          expect(added).toSatisfy((value: number) => isNothing || isClose(value, exact!));
        }
        const statistics = statisticsIn(whole).filter((statistic) => statistic !== 'stdRatio');
        const [columns, expected] = [joined.sums, whole].map((sums) => statisticsOfSums(sums, statistics));
        for (const statistic of statistics) {
          expect(columns![statistic][0]).toSatisfy((value: number) => isClose(value, expected![statistic][0]!));
        }
        expect(joined.sums.histograms).toEqual(whole.histograms);
      }),
    );
  });

  it('have the ratio of deviations of the whole parameter', () => {
    const [before, after] = [Float64Array.of(1, 2, 4, 8, 16), Float64Array.of(2, 2, 7, 5, 20)];
    const gradient = new Float64Array(5);
    const found = [before.slice(0, 2), before.slice(2)].map((piece, part): RankSums => {
      const sums = measure(piece, part === 0 ? after.slice(0, 2) : after.slice(2), gradient.slice(0, piece.length));
      return { rank: part, parameters: listOf(piece.length, [5], part, 2), sums };
    });
    const [joined, whole] = [new RankAdder().join(found).sums, measure(before, after, gradient)].map(
      (sums) => statisticsOfSums(sums, ['stdRatio']).stdRatio[0]!,
    );
    expect(Math.abs(joined! / whole! - 1)).toBeLessThan(1e-12);
  });

  it('of replicas count once', () => {
    const sums = measure(Float64Array.of(3, 4), Float64Array.of(3, 5), Float64Array.of(1, 0));
    const parameters = listOf(2, [2]);
    const joined = new RankAdder().join([0, 1, 2].map((rank) => ({ rank, parameters, sums })));
    expect(joined.sums.weightSquares![0]).toBe(25);
    expect(joined.differences).toEqual([]);
  });

  it('of replicas that differ are told, with the ranks', () => {
    const [one, other] = [5, 5.1].map((value) =>
      measure(Float64Array.of(3, 4), Float64Array.of(3, value), Float64Array.of(0, 0)),
    );
    const parameters = listOf(2, [2]);
    const { differences } = new RankAdder().join([
      { rank: 0, parameters, sums: one! },
      { rank: 1, parameters, sums: one! },
      { rank: 2, parameters, sums: other! },
    ]);
    expect(differences).toMatchObject([{ parameter: 'w', ranks: [0, 2], relative: expect.closeTo(0.1 / 1.1, 9) }]);
  });

  it('tell replicas of shards from other shards', () => {
    const sums = measure(Float64Array.of(3, 4), Float64Array.of(3, 5), Float64Array.of(1, 0));
    const found = [0, 1, 0, 1].map((part, rank) => ({ rank, parameters: listOf(2, [4], part, 2), sums }));
    expect(new RankAdder().join(found).sums.weightSquares![0]).toBe(50);
  });

  it('never look like those of the whole where a piece is missing', () => {
    const sums = measure(Float64Array.of(3, 4), Float64Array.of(3, 5), Float64Array.of(1, 0));
    const part = { rank: 0, parameters: listOf(2, [4], 0, 2), sums };
    const whole = { rank: 1, parameters: listOf(2, [2], 0, 1, 'own'), sums };
    const joined = new RankAdder().join([part, whole], [listOf(2, [2], 0, 1, 'gone')]);
    expect(joined.names).toEqual(['w', 'own', 'gone']);
    expect(joined.sizes).toEqual([4, 2, 2]);
    expect(joined.coverage).toBe(2 / 8);
    const columns = statisticsOfSums(joined.sums, statisticsIn(joined.sums));
    for (const column of Object.values(columns)) {
      expect([...column].map(Number.isNaN)).toEqual([true, false, true]);
    }
    expect(joined.sums.histograms!.update!.map(({ counts }) => counts.length > 0)).toEqual([false, true, false]);
  });
});

it('tell a rank that is gone from one that is there, in one adder', () => {
  const sums = measure(Float64Array.of(3, 4), Float64Array.of(3, 5), Float64Array.of(1, 0));
  const [own, other] = ['own', 'other'].map((name) => listOf(2, [2], 0, 1, name));
  const adder = new RankAdder();
  const both = [own, other].map((parameters, rank) => ({ rank, parameters: parameters!, sums }));
  for (const [there, coverage] of [
    [2, 1],
    [1, 0.5],
    [2, 1],
  ] as const) {
    const joined = adder.join(both.slice(0, there), there === 1 ? [other!] : []);
    expect([joined.coverage, Number.isNaN(joined.sums.updateSquares![1])]).toEqual([coverage, there === 1]);
  }
});

function isClose(value: number, expected: number): boolean {
  if (Object.is(value, expected)) return true;
  return Math.abs(value - expected) <= 1e-9 * Math.max(Math.abs(value), Math.abs(expected)) + 1e-12;
}
