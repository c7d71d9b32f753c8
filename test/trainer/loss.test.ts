import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatNumeric } from '../../src/trainer/evaluation/numeric-array.js';
import { accuracy, IGNORED_LABEL, lossOfLogits } from '../../src/trainer.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';

const problem = fc
  .record({ rows: fc.integer({ min: 1, max: 9 }), classes: fc.integer({ min: 2, max: 6 }) })
  .chain(({ rows, classes }) =>
    fc.record({
      classes: fc.constant(classes),
      logits: fc.array(fc.float({ min: -30, max: 30, noNaN: true }), {
        minLength: rows * classes,
        maxLength: rows * classes,
      }),
      labels: fc.array(fc.oneof(fc.nat({ max: classes - 1 }), fc.constant(IGNORED_LABEL)), {
        minLength: rows,
        maxLength: rows,
      }),
      smoothing: fc.constantFrom(0, 0.1, 0.5),
    }),
  );

/** Transformers' LabelSmoother in float64; without smoothing, torch's cross entropy. */
function crossEntropyTwin(
  logits: readonly number[],
  labels: readonly number[],
  classes: number,
  smoothing: number,
): number {
  let right = 0;
  let all = 0;
  let counted = 0;
  labels.forEach((label, row) => {
    if (label === IGNORED_LABEL) return;
    const values = logits.slice(row * classes, (row + 1) * classes);
    const top = Math.max(...values);
    const logSum = top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
    right += logSum - values[label]!;
    all += values.reduce((sum, value) => sum + logSum - value, 0);
    counted++;
  });
  return ((1 - smoothing) * right) / counted + (smoothing * all) / (counted * classes);
}

describe.each(BACKENDS)('the loss of logits on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  const lossOf = (
    logits: readonly number[],
    shape: number[],
    labels: readonly number[],
    smoothing = 0,
    labelShape?: number[],
  ) =>
    tf.tidy(
      () =>
        lossOfLogits(tf.tensor([...logits], shape, 'float32'), tf.tensor([...labels], labelShape), {
          labelSmoothingFactor: smoothing,
        }).dataSync()[0]!,
    );

  it('is cross entropy, smoothed as transformers does, without ignored rows', () => {
    const before = held();
    fc.assert(
      fc.property(problem, ({ logits, labels, classes, smoothing }) => {
        const expected = crossEntropyTwin(logits, labels, classes, smoothing);
        const loss = lossOf(logits, [labels.length, classes], labels, smoothing);
        if (Number.isNaN(expected)) expect(loss).toBeNaN();
        else expect(Math.abs(loss - expected)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(expected)));
      }),
      { seed: 3, numRuns: 60 },
    );
    expect(held()).toEqual(before);
  });

  it('is the same over a sequence of rows', () => {
    const logits = [1, 2, 0, -1, 3, 3, 0.5, 0.25];
    expect(lossOf(logits, [2, 2, 2], [1, 0, IGNORED_LABEL, 1], 0, [2, 2])).toBeCloseTo(
      crossEntropyTwin(logits, [1, 0, IGNORED_LABEL, 1], 2, 0),
      6,
    );
  });

  it('is the squared error of one number a row', () => {
    expect(lossOf([1, 2, 3], [3, 1], [1, 0, 5])).toBeCloseTo((0 + 4 + 4) / 3, 6);
    expect(lossOf([1, 2, 3], [3, 1], [1, 0, 5], 0, [3, 1])).toBeCloseTo(8 / 3, 6);
  });

  it('is binary cross entropy where every label has a target', () => {
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const expected =
      -(Math.log(sigmoid(2)) + Math.log(1 - sigmoid(-1)) + Math.log(1 - sigmoid(0.5)) + Math.log(sigmoid(3))) / 4;
    expect(lossOf([2, -1, 0.5, 3], [2, 2], [1, 0, 0, 1], 0, [2, 2])).toBeCloseTo(expected, 6);
    expect(lossOf([200, -200], [1, 2], [1, 0], 0, [1, 2])).toBe(0);
  });

  it('refuses labels that fit no loss', () => {
    expect(() => lossOf([1, 2, 3, 4], [2, 2], [1, 0, 1])).toThrow(
      'labels: expected one a row of the logits [2,2], or one a logit, got shape [3]',
    );
  });

  it.each([2, -1])('refuses the class %d of two', (label) => {
    const before = tf.memory().numTensors;
    expect(() => lossOf([1, 2, 3, 4], [2, 2], [1, label])).toThrow(
      `labels: expected classes 0 to 1, as the logits have 2, or -100 for none; got ${label}`,
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('accuracy', () => {
  const logits = { shape: [3, 2], data: Float32Array.of(0, 1, 1, 0, 0, 1) };

  it.each<[string, readonly number[], readonly number[], number]>([
    ['indices', [1, 0, 0], [3], 2 / 3],
    ['indices, some of them ignored', [1, IGNORED_LABEL, 0], [3], 1 / 2],
    ['one-hot rows', [0, 1, 1, 0, 0, 1], [3, 2], 1],
  ])('takes %s', (_name, labels, shape, expected) => {
    expect(accuracy(logits, { shape, data: Int32Array.from(labels) })).toBeCloseTo(expected, 12);
  });

  it('refuses labels of another number of rows', () => {
    expect(() => accuracy(logits, { shape: [2], data: Int32Array.of(1, 0) })).toThrow(
      'labels: expected one a row of the predictions [3,2], got shape [2]',
    );
  });
});

describe('batches of predictions', () => {
  it('become one, padded where they differ in length', () => {
    const first = { shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 4) };
    const second = { shape: [1, 2, 2], data: Float32Array.of(5, 6, 7, 8) };
    expect(concatNumeric([first, second])).toEqual({
      shape: [3, 2, 2],
      data: Float32Array.of(1, 2, -100, -100, 3, 4, -100, -100, 5, 6, 7, 8),
    });
  });
});
