import { describe, expect, it } from 'vitest';
import { UpdateHistory } from '../../src/trainer/update-history.js';

describe('UpdateHistory', () => {
  it('goes on from as many steps as a long training has made', () => {
    const history = new UpdateHistory();
    history.begin(['w'], [1], Array(300_000).fill(Float64Array.of(1)));
    history.add(Float64Array.of(2));
    expect(history.rows).toHaveLength(300_001);
    history.begin(['w'], [1]);
    expect(history.rows).toEqual([]);
  });
});
