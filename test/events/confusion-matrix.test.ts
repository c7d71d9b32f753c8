import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confusionOf } from '../../src/events/index.js';
import { confusionMatrix, overallAccuracy, perClassAccuracy } from '../../src/index.js';

interface GoldenCase {
  readonly labels: number[];
  /** [examples, width], row by row. */
  readonly scores: number[];
  readonly width: number;
  readonly matrix: number[][];
  /** null: no example. */
  readonly recall: (number | null)[];
  readonly precision: (number | null)[];
  readonly accuracy: number;
}

const { cases } = JSON.parse(readFileSync(new URL('../golden/confusion-matrix.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly GoldenCase[];
};

describe('confusionMatrix', () => {
  it.each(cases)('is that of scikit-learn: $width classes', ({ labels, scores, width, ...expected }) => {
    const classes = Array.from({ length: width }, (_, i) => `class ${i}`);
    const predictions = width > 1 ? { shape: [labels.length, width], data: scores } : labels.map(() => 0);
    const matrix = confusionMatrix({ predictions, labels }, { classes });
    expect(matrix).toEqual({ classes, counts: expected.matrix });
    expect(overallAccuracy(matrix)).toBe(expected.accuracy);
    const orNull = (value: number) => (Number.isNaN(value) ? null : value);
    const found = perClassAccuracy(matrix);
    expect(found.map(({ accuracy }) => orNull(accuracy))).toEqual(expected.recall);
    expect(found.map(({ precision }) => orNull(precision))).toEqual(expected.precision);
  });

  it('counts every example once, whether it comes as a class, as scores, or one-hot', () => {
    const example = fc.integer({ min: 1, max: 6 }).chain((width) =>
      fc.record({
        width: fc.constant(width),
        pairs: fc.array(fc.tuple(fc.nat(width - 1), fc.nat(width - 1)), { maxLength: 40 }),
      }),
    );
    fc.assert(
      fc.property(example, ({ width, pairs }) => {
        const classes = Array.from({ length: width }, (_, i) => `${i}`);
        const naive = classes.map((_, i) =>
          classes.map((__, j) => pairs.filter(([l, p]) => l === i && p === j).length),
        );
        const oneHot = (which: 0 | 1) => ({
          shape: [pairs.length, width],
          data: pairs.flatMap((pair) => classes.map((_, i) => (pair[which] === i ? 1 : 0))),
        });
        const numbers = { labels: pairs.map(([l]) => l), predictions: pairs.map(([, p]) => p) };
        expect(confusionMatrix(numbers, { classes }).counts).toEqual(naive);
        if (width === 1) return;
        expect(confusionMatrix({ labels: oneHot(0), predictions: oneHot(1) }, { classes }).counts).toEqual(naive);
        expect(confusionMatrix({ ...numbers, predictions: oneHot(1) }).counts).toEqual(naive);
      }),
      { seed: 1 },
    );
  });

  it('takes one score an example for that of class 1, from a threshold on', () => {
    const predictions = { shape: [4, 1], data: Float32Array.of(0.2, 0.5, 0.51, 0.9) };
    const labels = { shape: [4, 1], data: Float32Array.of(0, 1, 1, 0) };
    expect(confusionMatrix({ predictions, labels }).counts).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(confusionMatrix({ predictions, labels }, { threshold: 0.1 }).counts).toEqual([
      [0, 2],
      [0, 2],
    ]);
    const numbers = { shape: [4, 1], data: Int32Array.of(0, 2, 1, 0) };
    expect(confusionMatrix({ predictions: numbers, labels }).counts).toEqual([
      [2, 0, 0],
      [0, 1, 1],
      [0, 0, 0],
    ]);
  });

  it('leaves out labels of −100, as of tokens that fill up a row', () => {
    const predictions = { shape: [1, 3, 2], data: [1, 0, 0, 1, 0, 1] };
    expect(confusionMatrix({ predictions, labels: { shape: [1, 3], data: [0, 1, -100] } }).counts).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it('refuses what cannot be counted, and says why', () => {
    expect(() => confusionMatrix({ predictions: [0, 1], labels: [0] })).toThrow(
      'labels: expected as many as predictions, 2, got 1; scores of classes need their shape',
    );
    expect(() => confusionMatrix({ predictions: [0, 5], labels: [0, 1] }, { classes: ['a', 'b'] })).toThrow(
      'predictions: expected whole numbers below 2, one a class; got 5',
    );
    expect(() => confusionMatrix({ predictions: [0], labels: [Number.NaN] })).toThrow(
      'labels: expected whole numbers below 1, one a class; got NaN',
    );
    expect(() => confusionMatrix({ predictions: [0], labels: [1e9] })).toThrow('classes: expected at most 10000');
    expect(() => confusionMatrix({ predictions: [0], labels: [0] }, { labels: ['a'] } as never)).toThrow(
      'labels: expected one of the options of confusionMatrix()',
    );
  });
});

it('a matrix of another program is taken only where it is one', () => {
  const right = {
    classes: ['a', 'b'],
    counts: [
      [1, 2],
      [3, 4],
    ],
  };
  expect(confusionOf({ confusion: right })).toBe(right);
  for (const confusion of [
    undefined,
    null,
    3,
    {},
    { ...right, classes: ['a'] },
    { ...right, classes: [1, 2] },
    { ...right, counts: [[1, 2], [3]] },
    {
      ...right,
      counts: [
        [1, 2],
        [3, 'x'],
      ],
    },
    {
      ...right,
      counts: [
        [1, 2],
        [3, Number.NaN],
      ],
    },
  ]) {
    expect(confusionOf({ confusion })).toBeUndefined();
  }
});
