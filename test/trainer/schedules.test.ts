import { describe, expect, it } from 'vitest';
import { createScheduler, SCHEDULER_TYPES, type SchedulerType } from '../../src/trainer.js';
import reference from '../reference/fixtures/schedules.json' with { type: 'json' };

const SPAN = { learningRate: 1, warmupSteps: 2, trainingSteps: 6 };

const OPTIONS: Partial<Record<SchedulerType, object>> = {
  cosine_with_min_lr: { minLr: 0.1 },
  cosine_warmup_with_min_lr: { minLrRate: 0.1 },
  warmup_stable_decay: { numDecaySteps: 2 },
};

describe('schedules', () => {
  it.each(reference.bySteps.map((run) => ({ ...run, type: run.type as SchedulerType })))(
    "$type has transformers' rates, with $warmupSteps of $trainingSteps steps of warm-up and $options",
    ({ type, warmupSteps, trainingSteps, options, rates }) => {
      const { learningRate } = reference;
      const scheduler = createScheduler(type, { learningRate, warmupSteps, trainingSteps, options });
      for (const rate of rates) {
        expectClose(scheduler.learningRate, rate);
        scheduler.advance();
      }
    },
  );

  it.each(reference.byMetric.map((run) => ({ ...run, type: run.type as SchedulerType })))(
    "$type has transformers' rates after every evaluation, with $options",
    ({ type, options, rates }) => {
      const { learningRate, metrics } = reference;
      const scheduler = createScheduler(type, { learningRate, warmupSteps: 0, trainingSteps: 1, options });
      rates.forEach((rate, i) => {
        scheduler.observe(metrics[i]!);
        expectClose(scheduler.learningRate, rate);
      });
      expect(new Set(rates).size).toBeGreaterThan(2);
    },
  );

  it('are all of transformers', () => {
    const types = [...reference.bySteps, ...reference.byMetric].map(({ type }) => type);
    expect([...SCHEDULER_TYPES].sort()).toEqual([...new Set(types)].sort());
  });

  it.each(SCHEDULER_TYPES)('%s goes on from its state', (type) => {
    const settings = { ...SPAN, ...(OPTIONS[type] && { options: OPTIONS[type] }) };
    const whole = createScheduler(type, settings);
    for (let step = 0; step < 3; step++) {
      whole.advance();
      whole.observe(1);
    }
    const resumed = createScheduler(type, settings);
    resumed.restore(whole.state());
    for (let step = 3; step < 30; step++) {
      for (const scheduler of [whole, resumed]) {
        scheduler.advance();
        scheduler.observe(1);
      }
      expect(resumed.learningRate).toBe(whole.learningRate);
    }
  });

  it('moves the rest of a schedule when its rate is set', () => {
    const scheduler = createScheduler('linear', { ...SPAN, warmupSteps: 0, trainingSteps: 4 });
    scheduler.advance();
    scheduler.learningRate = 0.375;
    scheduler.advance();
    expect(scheduler.learningRate).toBe(0.25);
  });

  it('lowers the rate on a plateau, and waits a while', () => {
    const options = { patience: 1, cooldown: 2, factor: 0.5 };
    const scheduler = createScheduler('reduce_lr_on_plateau', { ...SPAN, options });
    const rates = [3, 2, 2, 2, 2, 2, 2, 2].map((metric) => {
      scheduler.observe(metric);
      return scheduler.learningRate;
    });
    expect(rates).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]);
  });

  it('is greedy: raises the rate while a metric improves, lowers it on a plateau', () => {
    const options = { patience: 1, factor: 0.5, minLr: 0.1, maxLr: 4 };
    const scheduler = createScheduler('greedy', { ...SPAN, options });
    const rates = [5, 4, 3, 2, 1, 1, 1, 1, 1].map((metric) => {
      scheduler.observe(metric);
      return scheduler.learningRate;
    });
    expect(rates).toEqual([1, 2, 2, 4, 4, 4, 2, 2, 1]);
  });

  it.each([
    ['linaer', {}, 'did you mean "linear"?'],
    [
      'cosine',
      { cycles: 2 },
      'cycles: expected one of the options (lrSchedulerKwargs) of cosine, numCycles; got "cycles"',
    ],
    ['cosine_with_min_lr', {}, 'expected one of minLr and minLrRate, got neither'],
    ['cosine_with_min_lr', { minLr: 0, minLrRate: 0 }, 'expected one of minLr and minLrRate, got both'],
    ['polynomial', { lrEnd: 2 }, 'lrEnd: expected less than the learning rate 1, got 2'],
    ['warmup_stable_decay', {}, 'numDecaySteps: expected a number of updates, got undefined'],
    ['greedy', { factor: 1 }, 'factor: expected less than 1, got 1'],
  ])('refuses %s with %o', (type, options, message) => {
    expect(() => createScheduler(type as SchedulerType, { ...SPAN, options })).toThrow(message);
  });

  it("refuses another schedule's state", () => {
    const state = createScheduler('cosine', SPAN).state();
    expect(() => createScheduler('linear', SPAN).restore(state)).toThrow(
      'lrSchedulerType: expected the checkpoint\'s "cosine", got "linear"',
    );
  });
});

/** Equal but for the last digit of a cosine. */
function expectClose(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-15);
}
