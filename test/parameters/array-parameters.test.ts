import { describe, expect, it } from 'vitest';
import { STATISTICS } from '../../src/index.js';
import { ArrayMemory } from '../../src/parameters/array-memory.js';
import { arrayParameters, type NamedArrays } from '../../src/parameters/array-parameters.js';
import { LiveParameters } from '../../src/parameters/live-parameters.js';
import type { Comparison, Statistic } from '../../src/parameters/statistics.js';
import { relativeError, twin } from './twin.js';

const live = (values: NamedArrays, gradients?: NamedArrays, memory?: ArrayMemory) =>
  new LiveParameters(arrayParameters(values, { gradients, ...(memory && { memory }) }));

const KINDS = {
  Float32Array: (list: number[]) => Float32Array.from(list),
  Float64Array: (list: number[]) => Float64Array.from(list),
  Int32Array: (list: number[]) => Int32Array.from(list),
  Int8Array: (list: number[]) => Int8Array.from(list),
  Uint16Array: (list: number[]) => Uint16Array.from(list),
  'plain array': (list: number[]) => [...list],
};

describe('array parameters', () => {
  it.each(Object.entries(KINDS))('%s: written in place, measured right', (_, make) => {
    const [w, v, g] = [
      [3, 4, 0, 5],
      [3, 6, 1, 1],
      [1, 2, 2, 4],
    ];
    const array = make(w!);
    const parameters = live({ w: array }, { w: make(g!) });
    const before = parameters.snapshot();
    v!.forEach((value, i) => {
      array[i] = value;
    });
    parameters.advance();
    const { columns } = parameters.compare(before, { statistics: STATISTICS }) as Comparison<Statistic>;
    for (const statistic of STATISTICS) {
      expect(relativeError(columns[statistic][0]!, twin(statistic, w!, v!, g!))).toBeLessThan(1e-6);
    }
    before.dispose();
    parameters.release();
  });

  it('takes single numbers, of one source or of two', () => {
    const before = live({ scale: 2, shift: 0 }).snapshot();
    const after = live({ scale: 5, shift: 0 });
    expect([after.shapes, after.sizes]).toEqual([
      [[], []],
      [1, 1],
    ]);
    expect(after.compare(before, { statistics: ['updateNorm', 'weightNorm'] })).toMatchObject({
      columns: { updateNorm: Float64Array.of(3, 0), weightNorm: Float64Array.of(2, 0) },
    });
  });

  it('lets parameters come, go and change their size: what cannot be compared is NaN', () => {
    const before = live({ kept: [1], gone: [1], resized: [1] }).snapshot();
    const after = live({ come: [1], kept: [4], resized: [1, 2] });
    expect(after.compare(before, { statistics: ['updateNorm'], histograms: ['update', 'weight'] })).toMatchObject({
      columns: { updateNorm: Float64Array.of(Number.NaN, 3, Number.NaN) },
      histograms: { update: [{ counts: [] }, { firstExponent: 1, counts: [1] }, { counts: [] }] },
    });
  });

  it('holds float64 values in float64: small ones are no zeros, large ones not infinite', () => {
    const array = Float64Array.of(1e-60, 1e200);
    const parameters = live({ w: array });
    const before = parameters.snapshot();
    array[0]! *= 2;
    array[1]! *= 2;
    parameters.advance();
    const { columns, histograms } = parameters.compare(before, {
      statistics: ['maxAbsUpdate', 'unchanged'],
      histograms: ['update'],
    }) as Comparison<'maxAbsUpdate' | 'unchanged'>;
    expect([columns.maxAbsUpdate[0], columns.unchanged[0]]).toEqual([1e200, 0]);
    const [{ zeros, nonFinite, counts }] = histograms.update as [(typeof histograms.update & object)[number]];
    expect([zeros, nonFinite, counts.length]).toEqual([
      0,
      0,
      1 + Math.floor(Math.log2(1e200)) - Math.floor(Math.log2(1e-60)),
    ]);
  });

  it('uses copies again when nobody holds them, and never while somebody does', () => {
    const memory = new ArrayMemory();
    const w = Float32Array.of(1, 2);
    const values = { w };
    const hold = () =>
      arrayParameters(values, { memory }).hold() as unknown as ReadonlyMap<string, Float32Array> & { dispose(): void };
    const first = hold();
    const copy = first.get('w')!;
    w.fill(7);
    const second = hold();
    expect([[...copy], [...second.get('w')!]]).toEqual([
      [1, 2],
      [7, 7],
    ]);
    first.dispose();
    first.dispose();
    w.fill(8);
    const third = hold();
    expect(third.get('w')).toBe(copy);
    expect([[...third.get('w')!], [...second.get('w')!]]).toEqual([
      [8, 8],
      [7, 7],
    ]);
    const fourth = hold();
    expect(fourth.get('w')).not.toBe(copy);
  });

  it('describes the parameters of a loop by the same frozen lists at every step', () => {
    const memory = new ArrayMemory();
    const [one, two] = [1, 2].map((n) => live({ w: [n, n], b: n }, undefined, memory));
    expect(
      [two!.names, two!.sizes, two!.shapes].every((list, i) => list === [one!.names, one!.sizes, one!.shapes][i]),
    ).toBe(true);
    expect(() => (one!.shapes[0] as number[]).push(1)).toThrow(TypeError);
    expect(() => (one!.names as string[]).sort()).toThrow(TypeError);
    const resized = live({ w: [1], b: 1 }, undefined, memory);
    expect(resized.names).toBe(one!.names);
    expect(resized.sizes).toEqual([1, 1]);
  });

  it('refuses what are no numbers', () => {
    const refused: readonly [unknown, string][] = [
      [[[1, 2], [3]], 'an array of object'],
      [BigInt64Array.of(1n), 'BigInt64Array'],
      [['1'], 'an array of string'],
      ['12', '12'],
      [null, 'null'],
      [{ length: 2 }, 'Object'],
    ];
    for (const [value, said] of refused) {
      expect(() => arrayParameters({ w: value as number[] })).toThrow(
        `parameters: expected arrays of numbers, or numbers; got ${said} for "w"; flatten what is nested`,
      );
    }
  });

  it('refuses what another kind of source holds', () => {
    expect(() => arrayParameters({ w: [1] }).sums({ dispose() {} }, ['norms'])).toThrow(
      'before: expected values that were held of arrays, got those of another kind of source',
    );
  });
});
