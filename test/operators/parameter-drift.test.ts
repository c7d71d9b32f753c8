import { from, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { TrainingEvent } from '../../src/events/events.js';
import type { ParameterDrift } from '../../src/events/measurements.js';
import { everySteps } from '../../src/operators/every-steps.js';
import { parameterDrift } from '../../src/operators/parameter-drift.js';
import type { Comparison, Statistic } from '../../src/parameters/statistics.js';
import { fakeRun, fakeStep, type Ledger, type Values } from './fake-run.js';
import { collect } from './marbles.js';

const newLedger = (): Ledger => ({ taken: 0, live: 0 });
const rows = ({ step, names, columns }: ParameterDrift) =>
  names.map((name, i) => [step, name, columns.fromStart[i], columns.fromLast[i]]);

/** The events of updates through these values. */
function through(values: readonly Values[], ledger?: Ledger): TrainingEvent[] {
  return values
    .slice(1)
    .flatMap((after, i) => Object.values(fakeStep(i + 1, values[i]!, after, ledger ? { ledger } : {})));
}

describe('parameterDrift', () => {
  it('measures from the start and from the last measurement', () => {
    const ledger = newLedger();
    const run = through([{ w: [3, 4] }, { w: [3, 6] }, { w: [3, 8] }, { w: [3, 4] }], ledger);
    const { values } = collect(from(run).pipe(parameterDrift()));
    expect(values.flatMap(rows)).toEqual([
      [1, 'w', 2, 2],
      [2, 'w', 4, 2],
      [3, 'w', 0, 4],
    ]);
    expect(values[1]).toMatchObject({ type: 'parameter-drift', run: 'test', step: 2, epoch: 0, sizes: [2] });
    expect(values[1]!.columns.relativeFromStart[0]).toBeCloseTo(4 / 5, 12);
    expect(values[1]!.columns.relativeFromLast[0]).toBeCloseTo(2 / Math.hypot(3, 6), 12);
    expect(ledger.live).toBe(0);
  });

  it('counts from the start also over steps that are not measured', () => {
    const ledger = newLedger();
    const { values } = collect(
      from(fakeRun(6, { start: { b: [0] }, ledger })).pipe(parameterDrift({ when: everySteps(3) })),
    );
    expect(values.flatMap(rows)).toEqual([
      [3, 'b', 3, 3],
      [6, 'b', 6, 3],
    ]);
    // One of the start, one a measurement.
    expect(ledger).toEqual({ taken: 3, live: 0 });
  });

  it('lets a parameter that is new, or has another shape, start its own', () => {
    const ledger = newLedger();
    const source = new Subject<TrainingEvent>();
    const result = collect(source.pipe(parameterDrift()));
    const feed = (step: number, before: Values, after: Values) => {
      for (const e of Object.values(fakeStep(step, before, after, { ledger }))) source.next(e);
    };
    feed(1, { a: [0] }, { a: [1] });
    feed(2, { a: [1], n: [5] }, { a: [2], n: [7] });
    expect(ledger.live).toBe(3);
    feed(3, { a: [0, 0], n: [7] }, { a: [3, 4], n: [8] });
    // The first start has nothing left to say, and is let go.
    expect(ledger.live).toBe(3);
    feed(4, { n: [8] }, { n: [9] });
    expect(result.values.flatMap(rows)).toEqual([
      [1, 'a', 1, 1],
      [2, 'a', 2, 1],
      [2, 'n', 2, 2],
      [3, 'a', 5, 5],
      [3, 'n', 3, 1],
      [4, 'n', 4, 1],
    ]);
    source.complete();
    expect(ledger.live).toBe(0);
  });

  it('lets go of everything on error, completion and unsubscription', () => {
    for (const end of ['error', 'complete', 'unsubscribe'] as const) {
      const ledger = newLedger();
      const source = new Subject<TrainingEvent>();
      const subscription = source.pipe(parameterDrift()).subscribe({ error() {} });
      for (const e of fakeRun(2, { ledger })) source.next(e);
      expect(ledger.live).toBe(2);
      if (end === 'unsubscribe') subscription.unsubscribe();
      else if (end === 'complete') source.complete();
      else source.error(new Error('source'));
      expect(ledger.live).toBe(0);
      expect(source.observed).toBe(false);
    }
  });

  it('waits for the next step when it is subscribed within one', () => {
    const [, , post, end, ...rest] = through([{ w: [0] }, { w: [1] }, { w: [3] }]);
    expect(collect(from([post!, end!, ...rest]).pipe(parameterDrift())).values.flatMap(rows)).toEqual([[2, 'w', 2, 2]]);
  });

  it('keeps order when comparisons are promises, and survives one that fails after unsubscription', async () => {
    const settle: ((fail?: Error) => void)[] = [];
    const delay = (comparison: Comparison<Statistic>) =>
      new Promise<Comparison<Statistic>>((resolve, reject) => {
        settle.push((fail) => (fail ? reject(fail) : resolve(comparison)));
      });
    const source = new Subject<TrainingEvent>();
    const result = collect(source.pipe(parameterDrift()));
    const other = source.pipe(parameterDrift({ when: everySteps(3) })).subscribe();
    for (const n of [1, 2, 3]) {
      for (const e of Object.values(fakeStep(n, { w: [n - 1] }, { w: [n] }, { delay }))) source.next(e);
    }
    other.unsubscribe();
    settle.at(-1)!(new Error('lost device'));
    for (const done of settle.toReversed()) done();
    source.complete();
    await new Promise((resolve) => setImmediate(resolve));
    expect(result.values.flatMap(rows)).toEqual([
      [1, 'w', 1, 1],
      [2, 'w', 2, 1],
      [3, 'w', 3, 1],
    ]);
    expect(result.completed).toBe(true);
  });

  it('makes errors of a bad schedule', () => {
    expect(() => parameterDrift({ when: 3 as unknown as () => boolean })).toThrow('when: expected a function');
    const ledger = newLedger();
    const failed = collect(
      from(fakeRun(2, { ledger })).pipe(parameterDrift({ when: (() => 1) as unknown as () => boolean })),
    );
    expect(failed.error).toEqual(new TypeError('when: expected a function step → boolean; got 1 for step 1'));
    expect(ledger.live).toBe(0);
  });
});
