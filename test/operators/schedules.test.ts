import { describe, expect, it } from 'vitest';
import { everyEpochs } from '../../src/operators/every-epochs.js';
import { everySteps } from '../../src/operators/every-steps.js';
import { logSpacedSteps } from '../../src/operators/log-spaced-steps.js';
import { checkSchedule, type Schedule } from '../../src/operators/schedule.js';

const AT = { epoch: 0, previousEpoch: 0 };

function chosen(when: Schedule, steps: number): number[] {
  return Array.from({ length: steps }, (_, i) => i + 1).filter((step) => when(step, AT));
}

describe('everySteps', () => {
  it.each([
    [1, [1, 2, 3, 4, 5, 6, 7]],
    [3, [3, 6]],
    [8, []],
  ])('%i', (n, steps) => {
    expect(chosen(everySteps(n), 7)).toEqual(steps);
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity, '5' as unknown as number])('refuses %s', (n) => {
    expect(() => everySteps(n)).toThrow(/^n: expected a positive integer, got /);
  });
});

describe('everyEpochs', () => {
  const run = (n: number, epochs: readonly number[]) => {
    const when = everyEpochs(n);
    return epochs.filter((epoch, i) => when(i + 1, { epoch, previousEpoch: epochs[i - 1] ?? -1 }));
  };

  it('chooses the first step, and each first step of an n-th new epoch', () => {
    const epochs = [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4];
    expect(run(1, epochs)).toEqual([0, 1, 2, 3, 4]);
    expect(run(2, epochs)).toEqual([0, 2, 4]);
    expect(run(3, epochs)).toEqual([0, 3]);
  });

  it('chooses the first step of a run that goes on in the middle, and of one that starts again', () => {
    expect(run(2, [3.5, 3.9, 4.1, 5])).toEqual([3.5, 4.1]);
    expect(run(1, [1.5, 0, 0.5])).toEqual([1.5, 0]);
  });

  it('chooses only the first step where no epochs are told', () => {
    expect(run(1, [0, 0, 0])).toEqual([0]);
  });

  it('refuses what is no positive integer', () => {
    expect(() => everyEpochs(0)).toThrow('n: expected a positive integer, got 0');
  });
});

describe('logSpacedSteps', () => {
  it('chooses evenly on a logarithmic axis', () => {
    expect(chosen(logSpacedSteps({ perDecade: 1 }), 2000)).toEqual([1, 10, 100, 1000]);
    expect(chosen(logSpacedSteps({ perDecade: 3 }), 200)).toEqual([1, 2, 5, 10, 22, 46, 100]);
    expect(chosen(logSpacedSteps(), 30)).toEqual([1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28]);
  });

  it('chooses perDecade steps in each decade above 10', () => {
    for (const perDecade of [1, 4, 9, 10]) {
      expect(chosen(logSpacedSteps({ perDecade }), 10_000).filter((step) => step > 1000)).toHaveLength(perDecade);
    }
  });

  it('refuses what is no positive integer', () => {
    expect(() => logSpacedSteps({ perDecade: -2 })).toThrow('perDecade: expected a positive integer, got -2');
  });
});

describe('checkSchedule', () => {
  it('refuses what is no function, and answers that are no booleans', () => {
    expect(() => checkSchedule(5 as unknown as Schedule)).toThrow('when: expected a function step → boolean, got 5');
    const when = checkSchedule((() => 'yes') as unknown as Schedule);
    expect(() => when(5, AT)).toThrow('when: expected a function step → boolean; got "yes" for step 5');
  });
});
