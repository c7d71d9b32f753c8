import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLOCK_KNOTS,
  type ClockChanges,
  type Moment,
  PAUSES_KEPT,
  RunClock,
} from '../../../src/page/history/run-clock.js';

const BEGIN = 1_700_000_000_000;
const HOUR = 3_600_000;

/** Ten milliseconds a step, a hundred steps an epoch. */
const at = (step: number, begin = BEGIN): Moment => ({ step, epoch: step / 100, time: begin + 10 * step });

function clockOf(moments: readonly Moment[]): RunClock {
  const clock = new RunClock();
  for (const [i, moment] of moments.entries()) clock.take(moment, i + 1);
  return clock;
}

function follower(...changes: (ClockChanges | undefined)[]): RunClock {
  const clock = new RunClock();
  for (const each of changes) if (each) clock.apply(JSON.parse(JSON.stringify(each)));
  return clock;
}

/** What a clock says of some steps, and of the way back. */
function said(clock: RunClock, steps: readonly number[]) {
  return steps.map((step) => [
    clock.epochAt(step),
    clock.timeAt(step),
    clock.elapsedAt(step),
    clock.stepAtEpoch(clock.epochAt(step)),
    clock.stepAtTime(clock.timeAt(step)),
    clock.stepAtElapsed(clock.elapsedAt(step)),
  ]);
}

const steps = (count: number) => Array.from({ length: count + 1 }, (_, step) => step);

describe('the clock of a run', () => {
  it('knows the epoch and the time of each step of a short run, between steps, and back', () => {
    const clock = clockOf(steps(200).map((step) => at(step)));
    for (const step of [0, 1, 17, 99.5, 200]) {
      expect(clock.epochAt(step)).toBeCloseTo(step / 100, 12);
      expect(clock.timeAt(step)).toBeCloseTo(BEGIN + 10 * step, 3);
      expect(clock.elapsedAt(step)).toBeCloseTo(10 * step, 9);
      expect(clock.stepAtEpoch(step / 100)).toBeCloseTo(step, 9);
      expect(clock.stepAtTime(BEGIN + 10 * step)).toBeCloseTo(step, 3);
      expect(clock.stepAtElapsed(10 * step)).toBeCloseTo(step, 9);
    }
  });

  it('is in bounded memory, exact where a bucket begins and at the last step', () => {
    // Steps of any duration, so that nothing but a step that is known has its own time.
    const time = (step: number) => BEGIN + 10 * step + (step % 7);
    const moments = steps(10_000).map((step) => ({ step, epoch: Math.sqrt(step), time: time(step) }));
    const clock = clockOf(moments);
    const { knots, width } = clock.changesSince(0)!;
    expect(knots.length).toBeLessThanOrEqual(CLOCK_KNOTS);
    expect(width).toBe(64);
    for (const step of [0, width, 17 * width, 10_000]) {
      expect([clock.timeAt(step), clock.epochAt(step)]).toEqual([time(step), Math.sqrt(step)]);
    }
    expect(Math.abs(clock.timeAt(5_003) - time(5_003))).toBeLessThan(10);
  });

  it('says of steps that are not there what it says of the first and the last, and nothing before it knows any', () => {
    const clock = clockOf([at(10), at(20)]);
    expect([clock.timeAt(0), clock.epochAt(90), clock.stepAtEpoch(5)]).toEqual([BEGIN + 100, 0.2, 20]);
    expect([new RunClock().runs, new RunClock().timeAt(1)]).toEqual([false, Number.NaN]);
  });

  it('takes a step’s time of what says it first, and no time that is none', () => {
    const clock = clockOf([at(1), at(2), { ...at(2), time: BEGIN + HOUR }, { ...at(3), time: Number.NaN }]);
    expect(clock.timeAt(3)).toBe(BEGIN + 20);
  });

  it('has the pause of a resumed run in its time, between two steps, and not in its elapsed time', () => {
    const clock = clockOf(steps(37).map((step) => at(step)));
    clock.goOn({ step: 30, time: BEGIN + HOUR }, 100);
    expect(clock.timeAt(37)).toBe(BEGIN + 300);
    for (let step = 31; step <= 40; step++) clock.take(at(step, BEGIN + HOUR - 300), 100 + step);
    expect([clock.timeAt(30), clock.timeAt(31)]).toEqual([BEGIN + 300, BEGIN + HOUR + 10]);
    expect([clock.elapsedAt(30), clock.elapsedAt(31), clock.elapsedAt(40)]).toEqual([300, 310, 400]);
    expect(clock.stepAtTime(BEGIN + HOUR / 2)).toBe(30);
    expect(clock.stepAtTime(BEGIN + HOUR + 15)).toBeCloseTo(31.5, 6);
    expect(clock.stepAtTime(BEGIN + 155)).toBeCloseTo(15.5, 6);
  });

  it('goes on where the clock of the machine was set back', () => {
    const clock = clockOf([at(1), at(2), at(3, BEGIN - HOUR), at(4, BEGIN - HOUR)]);
    expect([clock.elapsedAt(3), clock.elapsedAt(4)]).toEqual([10, 20]);
    expect(clock.timeAt(4)).toBe(BEGIN - HOUR + 40);
  });

  it('keeps the time of the latest steps however often it pauses', () => {
    const clock = new RunClock();
    for (let n = 0; n < 3 * PAUSES_KEPT; n++) {
      clock.goOn({ step: n, time: BEGIN + n * HOUR }, 2 * n + 1);
      clock.take(at(n + 1, BEGIN + n * HOUR), 2 * n + 2);
    }
    const n = 3 * PAUSES_KEPT - 1;
    expect(clock.timeAt(n + 1)).toBe(BEGIN + n * HOUR + 10 * (n + 1));
    expect(clock.changesSince(0)!.pauses.length).toBe(PAUSES_KEPT);
  });

  it('is the same for one that follows it, at whatever moments', () => {
    const act = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ jump: fc.integer({ min: 1, max: 90 }), ms: fc.integer({ min: -5, max: 900 }) }),
      },
      { weight: 1, arbitrary: fc.record({ back: fc.double({ min: 0, max: 1, noNaN: true }) }) },
      { weight: 1, arbitrary: fc.constant('sync' as const) },
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 700, size: 'max' }), (acts) => {
        const clock = new RunClock();
        const page = new RunClock();
        let [version, seen, step, time] = [0, 0, 0, BEGIN];
        const sync = () => {
          const changes = clock.changesSince(seen);
          if (changes) page.apply(JSON.parse(JSON.stringify(changes)));
          seen = version;
        };
        for (const each of acts) {
          version++;
          if (each === 'sync') sync();
          else if ('back' in each) {
            step = Math.floor(step * each.back);
            time += HOUR;
            clock.goOn({ step, time }, version);
          } else {
            step += each.jump;
            time += each.ms;
            clock.take({ step, epoch: step / 10, time }, version);
          }
        }
        sync();
        const asked = Array.from({ length: 60 }, (_, i) => (i * step) / 50);
        expect(said(page, asked)).toEqual(said(clock, asked));
        expect(said(follower(clock.changesSince(0)), asked)).toEqual(said(clock, asked));
        for (const known of asked.filter((one) => clock.runs && one <= step)) {
          expect(clock.stepAtEpoch(clock.epochAt(known))).toBeCloseTo(Math.max(known, clock.stepAtEpoch(0)), 6);
        }
      }),
      { numRuns: 40 },
    );
  });
});
