import { from, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { StepEndEvent } from '../../src/events/events.js';
import { throughput } from '../../src/operators/throughput.js';
import { event } from './fake-run.js';
import { collect } from './marbles.js';

const end = (step: number, time: number, fields: Partial<StepEndEvent> = {}) =>
  event('step-end', { step, time, durationMs: 100, examples: 8, observingMs: 10, ...fields });

describe('throughput', () => {
  it('goes by the time from the beginning of the first step to the end of the last', () => {
    const { values } = collect(of(end(1, 1100), end(2, 1300), end(3, 1500)).pipe(throughput()));
    expect(values.map(({ step, stepsPerSecond }) => [step, stepsPerSecond])).toEqual([
      [1, 10],
      [2, expect.closeTo(2 / 0.3, 9)],
      [3, 6],
    ]);
    expect(values[2]).toEqual({
      type: 'throughput',
      run: 'test',
      step: 3,
      epoch: 0,
      time: 1500,
      stepsPerSecond: 6,
      examplesPerSecond: 48,
      observingShare: expect.closeTo(0.1, 12),
    });
  });

  it('slides over the last steps', () => {
    const slowThenFast = [end(1, 10_000, { durationMs: 10_000 }), end(2, 10_100), end(3, 10_200), end(4, 10_300)];
    const { values } = collect(from(slowThenFast).pipe(throughput({ window: 2 })));
    expect(values.at(-1)!.stepsPerSecond).toBeCloseTo(10, 9);
  });

  it('takes durations where steps are shorter than the clock can tell', () => {
    const fast = [1, 2, 3, 4].map((step) => end(step, 5, { durationMs: 0.25 }));
    expect(collect(from(fast).pipe(throughput())).values.at(-1)!.stepsPerSecond).toBe(4000);
  });

  it('begins anew with the training', () => {
    const { values } = collect(of(end(1, 100), event('train-begin'), end(2, 90_100)).pipe(throughput()));
    expect(values.at(-1)!.stepsPerSecond).toBe(10);
  });

  it('does not know examples that the source does not, and divides nothing by nothing', () => {
    const [first] = collect(of(end(1, 0, { examples: Number.NaN })).pipe(throughput())).values;
    expect(first).toMatchObject({ examplesPerSecond: Number.NaN, stepsPerSecond: 10 });
    const [none] = collect(of(end(1, 0, { durationMs: 0, observingMs: 0 })).pipe(throughput())).values;
    expect(none).toMatchObject({ observingShare: 0 });
  });

  it('tells tokens where every step of the window has them', () => {
    const steps = of(end(1, 0), end(2, 0, { tokens: 100 }), end(3, 0, { tokens: 300 }));
    const { values } = collect(steps.pipe(throughput({ window: 2 })));
    expect(values.map(({ tokensPerSecond }) => tokensPerSecond)).toEqual([undefined, undefined, expect.closeTo(2000)]);
  });

  it('tells whose share of observing is how much, the greatest first, where every step of the window has it', () => {
    const steps = [
      end(1, 0),
      end(2, 0, { observingBy: { operators: 2, csvSink: 8 } }),
      end(3, 0, { observingMs: 30, observingBy: { operators: 4, csvSink: 16, defaultRules: 10 } }),
    ];
    const { values } = collect(from(steps).pipe(throughput({ window: 2 })));
    expect(values.map(({ observingBy }) => observingBy)).toEqual([
      undefined,
      undefined,
      { csvSink: 0.12, defaultRules: 0.05, operators: 0.03 },
    ]);
    expect(Object.keys(values[2]!.observingBy!)).toEqual(['csvSink', 'defaultRules', 'operators']);
    expect(values[2]!.observingShare).toBeCloseTo(0.2, 12);
  });

  it('refuses what is no window', () => {
    expect(() => throughput({ window: 0 })).toThrow('window: expected a positive integer, got 0');
  });
});
