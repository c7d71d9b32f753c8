import { type Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { groupByLayer } from '../../src/operators/group-by-layer.js';
import { layerOf } from '../../src/parameters/layer-of.js';
import { mergeHistograms } from '../../src/parameters/magnitude-histogram.js';
import type { ParameterUpdates } from '../../src/parameters/parameter-updates.js';
import { updatesOf } from './fake-run.js';
import { collect } from './marbles.js';

describe('layerOf', () => {
  it.each([
    ['bert.encoder.layer.0.attention.self.query.weight', 'bert.encoder.layer.0'],
    ['bert.encoder.layer.11.output.LayerNorm.bias', 'bert.encoder.layer.11'],
    ['bert.embeddings.word_embeddings.weight', 'bert.embeddings.word_embeddings'],
    ['hidden/kernel', 'hidden'],
    ['block_1/dense/kernel', 'block_1/dense'],
    ['stages/2/conv.weight', 'stages/2'],
    ['0.weight', '0'],
    ['weights.0', 'weights'],
    ['w', 'w'],
    ['7', '7'],
    ['', ''],
    ['/w', '/w'],
    ['conv2d.1x1.kernel', 'conv2d.1x1'],
  ])('%s → %s', (name, layer) => {
    expect(layerOf(name)).toBe(layer);
  });
});

const names = ['a/kernel', 'b/kernel', 'a/bias'];
const histogram = (firstExponent: number, ...counts: number[]) => ({ zeros: 1, nonFinite: 2, firstExponent, counts });

describe('groupByLayer', () => {
  it('says of a layer what would be measured of all its elements at once', () => {
    const updates = updatesOf(
      {
        updateNorm: [3, 1, 4],
        weightNorm: [6, 2, 8],
        updateRatio: [0.5, 0.5, 0.5],
        gradientNorm: [0, 7, 5],
        maxAbsUpdate: [1, 1, 3],
        unchanged: [0.5, 1, 0.1],
        nonFinite: [1, 0, 2],
      },
      {
        names,
        sizes: [30, 5, 10],
        histograms: { update: [histogram(-2, 1, 2), histogram(0), histogram(0, 4)] },
      },
    );
    const [layers] = collect(of(updates).pipe(groupByLayer())).values;
    expect(layers).toMatchObject({ step: 1, loss: 0.5, names: ['a', 'b'], sizes: [40, 5] });
    expect(layers!.columns).toEqual({
      updateNorm: Float64Array.of(5, 1),
      weightNorm: Float64Array.of(10, 2),
      updateRatio: Float64Array.of(0.5, 0.5),
      gradientNorm: Float64Array.of(5, 7),
      maxAbsUpdate: Float64Array.of(3, 1),
      unchanged: Float64Array.of((15 + 1) / 40, 1),
      nonFinite: Float64Array.of(3, 0),
    });
    expect(layers!.histograms.update).toEqual([
      { zeros: 2, nonFinite: 4, firstExponent: -2, counts: [1, 2, 4] },
      { zeros: 1, nonFinite: 2, firstExponent: 0, counts: [] },
    ]);
  });

  it('leaves out what cannot be added up, and computes ratios at their edges', () => {
    const updates = updatesOf(
      { updateNorm: [0, 1], weightNorm: [0, 0], updateRatio: [0, Infinity], meanAbsRatio: [1, 1], stdRatio: [1, 1] },
      { names: ['a/w', 'b/w'] },
    );
    const { columns } = collect(of(updates).pipe(groupByLayer())).values[0]!;
    expect(columns).toEqual({
      updateNorm: Float64Array.of(0, 1),
      weightNorm: Float64Array.of(0, 0),
      updateRatio: Float64Array.of(0, Infinity),
    });
  });

  it('lets a NaN show in its layer, and no other', () => {
    const ill = updatesOf(
      { updateNorm: [Number.NaN, 1, 1], maxAbsUpdate: [Number.NaN, 1, 1], unchanged: [Number.NaN, 0, 0] },
      { names },
    );
    const { columns } = collect(of(ill).pipe(groupByLayer())).values[0]!;
    for (const column of Object.values(columns)) expect([...column].map(Number.isNaN)).toEqual([true, false]);
  });

  it('calls an empty layer unchanged', () => {
    const empty = updatesOf({ unchanged: [1] }, { names: ['a/w'], sizes: [0] });
    expect(collect(of(empty).pipe(groupByLayer())).values[0]!.columns.unchanged[0]).toBe(1);
  });

  it('groups by a function, asked once while the names stay', () => {
    const asked: string[] = [];
    const layer = (name: string) => {
      asked.push(name);
      return name.split('/')[1]!;
    };
    const updates = updatesOf({ updateNorm: [3, 1, 4] }, { names });
    const { values } = collect(of(updates, updates).pipe(groupByLayer({ layer })));
    expect(values[1]!.names).toEqual(['kernel', 'bias']);
    expect(asked).toEqual(names);
  });

  it('says what is wrong', () => {
    expect(() => groupByLayer({ layer: 'a' as unknown as () => string })).toThrow(
      'layer: expected a function name → string, got "a"',
    );
    const updates = updatesOf({ updateNorm: [1] }, { names: ['a/w'] });
    expect(collect(of(updates).pipe(groupByLayer({ layer: () => 1 as unknown as string }))).error).toEqual(
      new TypeError('layer: expected a function name → string; got 1 for "a/w"'),
    );
    const ratios = of(updatesOf({ updateRatio: [1], updateNorm: [1] })) as unknown as Observable<ParameterUpdates>;
    expect(collect(ratios.pipe(groupByLayer())).error).toEqual(
      new TypeError(
        'statistics: expected weightNorm for groupByLayer(), got only updateRatio, updateNorm; add "weightNorm" to parameterUpdates({ statistics })',
      ),
    );
  });
});

describe('mergeHistograms', () => {
  it('merges none into an empty one', () => {
    expect(mergeHistograms([])).toEqual({ zeros: 0, nonFinite: 0, firstExponent: 0, counts: [] });
  });

  it('keeps gaps', () => {
    expect(mergeHistograms([histogram(3, 1), histogram(-1, 2)])).toMatchObject({
      firstExponent: -1,
      counts: [2, 0, 0, 0, 1],
    });
  });
});
