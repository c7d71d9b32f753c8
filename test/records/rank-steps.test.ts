import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrainingEvent } from '../../src/index.js';
import { RankSteps } from '../../src/records/rank-steps.js';

const WAIT = 100;

function ranks(world: number) {
  const given: string[] = [];
  const steps = new RankSteps(
    { world, waitMs: WAIT },
    {
      step: ({ step, told, missing }) =>
        given.push(
          `${step}:${told.map(({ rank }) => rank).join('')}${missing.length > 0 ? `-${missing.join('')}` : ''}`,
        ),
      record: ({ type, step }) => given.push(`${type}@${step}`),
    },
  );
  const event = (type: string, step: number) => ({ type, step }) as unknown as TrainingEvent;
  return {
    given,
    steps,
    begin: (rank: number, now = 0, step = 0) => {
      steps.join(rank, step, now);
      steps.take(rank, event('train-begin', step), now);
    },
    end: (rank: number, step: number, now = 0) => steps.take(rank, event('step-end', step), now),
    say: (rank: number, step: number, now = 0) => steps.take(rank, event('log', step), now),
  };
}

describe('the steps of ranks', () => {
  it('of one rank are given as they come', () => {
    const { given, begin, end, say } = ranks(1);
    begin(0);
    end(0, 1);
    say(0, 1);
    end(0, 2);
    expect(given).toEqual(['train-begin@0', '1:0', 'log@1', '2:0']);
  });

  it('wait for all, with the events of rank 0 in their place, whoever comes first', () => {
    const { given, begin, end, say } = ranks(2);
    begin(1);
    end(1, 1);
    say(1, 1);
    end(1, 2);
    expect(given).toEqual([]);
    begin(0);
    end(0, 1);
    say(0, 1);
    expect(given).toEqual(['train-begin@0', '1:01', 'log@1']);
    end(0, 2);
    expect(given.at(-1)).toBe('2:01');
  });

  it('go on without a rank that is late, for good until it is heard of again', () => {
    const { given, steps, begin, end } = ranks(2);
    begin(0);
    begin(1);
    end(0, 1, 10);
    expect(steps.pump(50)).toBe(60);
    expect(steps.pump(10 + WAIT)).toBeUndefined();
    end(0, 2, 120);
    expect(given.slice(1)).toEqual(['1:0-1', '2:0-1']);
    end(1, 2, 130);
    end(1, 3, 131);
    end(0, 3, 132);
    end(0, 4, 133);
    expect(given.slice(3)).toEqual(['3:01']);
    end(1, 4, 134);
    expect(given.at(-1)).toBe('4:01');
  });

  it('go on by the others where rank 0 is gone, or never came', () => {
    const { given, steps, begin, end } = ranks(2);
    begin(1);
    end(1, 1);
    steps.pump(WAIT);
    begin(0, WAIT);
    end(0, 2, WAIT);
    end(1, 2, WAIT);
    steps.leave(0, 150);
    end(1, 3, 160);
    expect(given).toEqual(['train-begin@0', '1:1-0', 'train-begin@0', '2:01', '3:1-0']);
  });

  it('are bounded: a rank far ahead makes the oldest go on', () => {
    const { given, begin, end } = ranks(2);
    begin(0);
    begin(1);
    for (let step = 1; step <= 100; step++) end(0, step);
    expect(given[1]).toBe('1:0-1');
    expect(given.length).toBeGreaterThan(30);
  });

  it('come anew from where the run goes on', () => {
    const { given, begin, end } = ranks(2);
    for (const rank of [0, 1]) begin(rank);
    for (const step of [1, 2, 3]) for (const rank of [0, 1]) end(rank, step);
    for (const rank of [0, 1]) begin(rank, 0, 1);
    for (const step of [2, 3]) for (const rank of [1, 0]) end(rank, step);
    expect(given).toEqual(['train-begin@0', '1:01', '2:01', '3:01', 'train-begin@1', '2:01', '3:01']);
  });

  it('are each given once, in order, however the ranks run', () => {
    const schedule = fc.array(fc.record({ rank: fc.nat(2), waits: fc.nat(60) }), { maxLength: 150 });
    fc.assert(
      fc.property(schedule, (moves) => {
        const { given, steps, begin, end } = ranks(3);
        const done = [0, 0, 0];
        for (const rank of [0, 1, 2]) begin(rank);
        let now = 0;
        for (const { rank, waits } of moves) {
          now += waits;
          end(rank, ++done[rank]!, now);
        }
        steps.pump(now + WAIT);
        const numbers = given.flatMap((each) => (each.includes('@') ? [] : [Number.parseInt(each, 10)]));
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        expect(numbers.at(-1) ?? 0).toBe(Math.max(...done));
      }),
    );
  });
});
