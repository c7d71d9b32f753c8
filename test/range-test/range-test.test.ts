import { describe, expect, it } from 'vitest';
import { RangeTestRecorder, risingRates, suggestionOf } from '../../src/range-test/index.js';

const RATES = risingRates(1e-6, 10, 71);

/** A test of losses and ratios by the rate. */
function testOf(
  lossOf: (rate: number, step: number) => number,
  ratioOf: (rate: number) => number = () => Number.NaN,
  firstLossOf: (step: number) => number = () => 1,
) {
  const recorder = new RangeTestRecorder();
  const ratios = new Map(RATES.map((rate, step) => [step, ratioOf(rate)]));
  for (const [step, rate] of RATES.entries()) if (!recorder.add(rate, lossOf(rate, step), firstLossOf(step))) break;
  return suggestionOf(recorder.result(ratios));
}

/** Lowest at this rate, and far up beyond it. */
const lowestAt =
  (best: number, first = 1) =>
  (rate: number) =>
    first - Math.min(rate / best, 1) / 2 + Math.max(0, rate / best - 1);

describe('a range test', () => {
  it('has rates that rise by one multiple', () => {
    expect(RATES[0]).toBe(1e-6);
    expect(RATES[10]).toBeCloseTo(1e-5, 12);
    expect(RATES.at(-1)).toBeCloseTo(10, 9);
  });

  it('suggests the rate at which the median layer moves by 3 %, where the loss bears it', () => {
    const suggestion = testOf(lowestAt(0.1), (rate) => 2 * rate);
    expect(suggestion).toMatchObject({ found: true, learningRate: 0.015, by: 'update-ratio', ended: 'diverged' });
  });

  it('suggests a fifth of the rate at which the loss is lowest, where it does not, or ratios are not known', () => {
    for (const ratioOf of [(rate: number) => 0.01 * rate, () => Number.NaN]) {
      const suggestion = testOf(lowestAt(0.1), ratioOf);
      if (!suggestion.found) throw new Error(suggestion.message);
      expect(suggestion.by).toBe('loss');
      expect(suggestion.rates.lowest).toBeCloseTo(0.1, 1);
      expect(suggestion.learningRate).toBeCloseTo(0.02, 2);
    }
  });

  it('takes the ratio where updates are proportional to the rate, not where they are beyond the weights', () => {
    const suggestion = testOf(lowestAt(0.1), (rate) => Math.min(2 * rate, 0.011));
    expect(suggestion).toMatchObject({ found: true, rates: { updateRatio: expect.closeTo(0.015, 6) } });
  });

  it('is not misled by losses that differ from batch to batch', () => {
    const first = (step: number) => 5 + 3 * Math.sin(7 * step);
    const noisy = testOf((rate, step) => lowestAt(0.1, first(step))(rate), undefined, first);
    expect(noisy).toMatchObject({ found: true, rates: { lowest: expect.closeTo(0.1, 1) } });
  });

  it('does not look beyond the first rise of the loss, whatever falls by chance later', () => {
    // As a BERT from scratch does it: hardly a fall, a rise, and a wild fall at a rate that ruins it.
    const hard = (rate: number) =>
      1 - (rate < 1e-3 ? 20 * rate : 0) + (rate > 2e-3 ? 0.1 : 0) - (rate > 0.05 ? 0.5 : 0);
    const suggestion = testOf(hard, (rate) => 6 * rate);
    if (!suggestion.found) throw new Error(suggestion.message);
    expect(suggestion.by).toBe('loss');
    expect(suggestion.learningRate).toBeLessThan(3e-4);
    expect(suggestion.learningRate).toBeGreaterThan(1e-4);
  });

  it('ends where the loss rises by more than it fell, also below zero', () => {
    for (const level of [100, 1, -100]) {
      const recorder = new RangeTestRecorder();
      const ended = RATES.findIndex(
        (rate) => !recorder.add(rate, lowestAt(0.01, level)(rate) + (rate > 0.1 ? 10 * Math.abs(level) : 0), level),
      );
      expect(RATES[ended]).toBeGreaterThan(0.01);
      expect(RATES[ended]).toBeLessThan(1);
      expect(recorder.result(new Map()).ended).toBe('diverged');
    }
  });

  it('does not take chance for a fall', () => {
    const chance = (_: number, step: number) => 1 + 0.05 * Math.sin(11 * step);
    expect(testOf(chance)).toMatchObject({ found: false, reason: 'no-fall' });
    // Five times of what it is by chance is a fall.
    expect(testOf((rate, step) => chance(rate, step) - (rate > 0.01 ? 0.4 : 0))).toMatchObject({ found: true });
  });

  it('says why it suggests nothing', () => {
    const cases = [
      [testOf(() => Number.NaN), 'not-finite', 'the loss is not finite with the weights'],
      [
        testOf(
          () => 1,
          () => 0,
        ),
        'no-fall',
        'no parameter moved',
      ],
      [
        testOf(
          (rate) => 1 + rate,
          () => 0.1,
        ),
        'no-fall',
        'where it diverged',
      ],
      [
        testOf(
          () => 1,
          () => 0.1,
        ),
        'no-fall',
        'more steps or a higher max',
      ],
    ] as const;
    for (const [suggestion, reason, message] of cases) {
      expect(suggestion).toMatchObject({ found: false, reason, message: expect.stringContaining(message) });
    }
  });
});
