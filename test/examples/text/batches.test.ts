import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batches, collate, type TextExample } from '../../../examples/text/batches.js';

const example = fc.record({
  inputIds: fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 20 }),
  label: fc.nat(1),
});
const run = { seed: 3, numRuns: 100 };

describe('collate', () => {
  it('pads to the longest text, and says where', () => {
    const batch = collate([
      { inputIds: [1, 2, 3], tokenTypeIds: [0, 1, 1], label: 1 },
      { inputIds: [4], label: 0 },
    ]);
    expect(batch).toEqual({
      size: 2,
      length: 3,
      inputIds: Int32Array.of(1, 2, 3, 4, 0, 0),
      attentionMask: Int32Array.of(1, 1, 1, 1, 0, 0),
      tokenTypeIds: Int32Array.of(0, 1, 1, 0, 0, 0),
      labels: Int32Array.of(1, 0),
    });
  });

  it('pads to a length, or to a multiple', () => {
    const texts = [{ inputIds: [1, 2, 3] }];
    expect(collate(texts, { padTo: 5, padTokenId: 9 }).inputIds).toEqual(Int32Array.of(1, 2, 3, 9, 9));
    expect(collate(texts, { multipleOf: 8 }).length).toBe(8);
    expect(collate(texts).labels).toBeUndefined();
    expect(() => collate(texts, { padTo: 2 })).toThrow('padTo: expected at least the longest text, 3; got 2');
    expect(() => collate([])).toThrow('examples: expected at least one; got none');
  });
});

describe('batches', () => {
  const options = fc.record({
    batchSize: fc.integer({ min: 1, max: 7 }),
    shuffle: fc.option(fc.tuple(fc.nat(), fc.nat(9)), { nil: undefined }),
    groupByLength: fc.boolean(),
  });

  it('have every example once, in batches of one size but for the last', () => {
    fc.assert(
      fc.property(fc.array(example, { maxLength: 40 }), options, (examples, { shuffle, ...rest }) => {
        const all = [...batches(examples, { ...rest, ...(shuffle && { shuffle }) })];
        const rows = all.flatMap(({ size, length, inputIds, attentionMask, labels }) =>
          Array.from({ length: size }, (_, row): TextExample => {
            const seen = attentionMask.subarray(row * length, (row + 1) * length).reduce((sum, one) => sum + one, 0);
            return { inputIds: [...inputIds.subarray(row * length, row * length + seen)], label: labels![row]! };
          }),
        );
        const key = (rows: readonly TextExample[]) => rows.map((row) => JSON.stringify([row.inputIds, row.label]));
        expect(key(rows).sort()).toEqual(key(examples).sort());
        if (!shuffle && !rest.groupByLength) expect(key(rows)).toEqual(key(examples));
        expect(all.filter(({ size }) => size !== rest.batchSize).length).toBeLessThanOrEqual(1);
      }),
      run,
    );
  });

  it('come in the same order for the same seed', () => {
    const examples = Array.from({ length: 30 }, (_, i) => ({ inputIds: new Array(1 + (i % 5)).fill(i), label: 0 }));
    for (const groupByLength of [false, true]) {
      const order = (...shuffle: number[]) => [...batches(examples, { batchSize: 4, shuffle, groupByLength })];
      expect(order(42, 0)).toEqual(order(42, 0));
      expect(order(42, 0)).not.toEqual(order(42, 1));
    }
  });

  it('pad less when grouped by length', () => {
    const examples = Array.from({ length: 64 }, (_, i) => ({ inputIds: new Array(1 + (i % 16)).fill(1) }));
    const cells = (groupByLength: boolean) =>
      [...batches(examples, { batchSize: 8, shuffle: [1], groupByLength })].reduce(
        (sum, { inputIds }) => sum + inputIds.length,
        0,
      );
    expect(cells(true)).toBeLessThan(0.7 * cells(false));
  });

  it('refuse a batch size that is none', () => {
    expect(() => [...batches([], { batchSize: 0 })]).toThrow('batchSize: expected a positive integer; got 0');
  });
});
