import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { globalNorms } from '../../src/operators/global-norms.js';
import { updatesOf } from './fake-run.js';
import { collect } from './marbles.js';

describe('globalNorms', () => {
  it('gives the norms of all parameters as one vector', () => {
    const updates = updatesOf({ updateNorm: [3, 4], weightNorm: [6, 8], gradientNorm: [0, 2], nonFinite: [0, 0] });
    expect(collect(of(updates).pipe(globalNorms())).values).toEqual([
      {
        type: 'global-norms',
        run: 'test',
        step: 1,
        epoch: 0,
        time: 0,
        loss: 0.5,
        learningRate: 0.1,
        updateNorm: 5,
        weightNorm: 10,
        gradientNorm: 2,
        updateRatio: 0.5,
      },
    ]);
  });

  it('gives only what there is', () => {
    const [norms] = collect(of(updatesOf({ updateNorm: [3], updateRatio: [1] })).pipe(globalNorms())).values;
    expect(norms).toMatchObject({ updateNorm: 3 });
    expect(norms).not.toHaveProperty('updateRatio');
    expect(norms).not.toHaveProperty('weightNorm');
  });

  it('is 0 of nothing, and NaN where a parameter is', () => {
    const both = collect(
      of(
        updatesOf({ updateNorm: [], weightNorm: [] }),
        updatesOf({ updateNorm: [1, Number.NaN], weightNorm: [1, 1] }),
      ).pipe(globalNorms()),
    ).values;
    expect(both[0]).toMatchObject({ updateNorm: 0, weightNorm: 0, updateRatio: 0 });
    expect(both[1]).toMatchObject({ updateNorm: Number.NaN, updateRatio: Number.NaN });
  });
});
