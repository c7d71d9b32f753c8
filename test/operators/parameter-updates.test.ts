import { EMPTY, from, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { TrainingEvent } from '../../src/events/events.js';
import { everyEpochs } from '../../src/operators/every-epochs.js';
import { everySteps } from '../../src/operators/every-steps.js';
import { groupByLayer } from '../../src/operators/group-by-layer.js';
import { parameterUpdates } from '../../src/operators/parameter-updates.js';
import { selectParameters } from '../../src/operators/select-parameters.js';
import { topUpdates } from '../../src/operators/top-updates.js';
import type { AnyParameterUpdates, ParameterUpdates } from '../../src/parameters/parameter-updates.js';
import type { Comparison, DefaultStatistic, Statistic } from '../../src/parameters/statistics.js';
import { SupervisedObservable } from '../../src/run/supervised-observable.js';
import { event, fakeRun, fakeStep, type Ledger } from './fake-run.js';
import { collect, marbles } from './marbles.js';

const newLedger = (): Ledger => ({ taken: 0, live: 0 });
const steps = (list: readonly AnyParameterUpdates[]) => list.map(({ step }) => step);

/** Comparisons that come when the test says so. */
function device() {
  const waiting: { settle: () => void; fail: (cause: unknown) => void }[] = [];
  const delay = (comparison: Comparison<Statistic>) =>
    new Promise<Comparison<Statistic>>((resolve, reject) => {
      waiting.push({ settle: () => resolve(comparison), fail: reject });
    });
  return { waiting, delay };
}

const idle = () => new Promise((resolve) => setImmediate(resolve));

describe('parameterUpdates', () => {
  it('emits at step-end, what happened between pre-optimizer-step and optimizer-step', () => {
    const ledger = newLedger();
    const one = fakeStep(1, { w: [3, 4], b: [0] }, { w: [3, 6], b: [0] }, { ledger, epoch: 0.25 });
    const two = fakeStep(2, { w: [3, 6], b: [0] }, { w: [0, 2], b: [1] }, { ledger, epoch: 0.5 });
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const keys = { t: event('train-begin', { maxSteps: 2 }), b: one.begin, p: one.pre, o: one.post, e: one.end };
      const source = hot<TrainingEvent>('t-b-p-o-e-B-P-O-E-|', {
        ...keys,
        B: two.begin,
        P: two.pre,
        O: two.post,
        E: two.end,
      });
      const context = { run: 'test', type: 'parameter-updates', learningRate: 0.1, maxSteps: 2, sizes: [2, 1] };
      const result$ = source.pipe(parameterUpdates({ statistics: ['weightNorm', 'updateNorm'] }));
      expectObservable(result$).toBe('--------u-------v-|', {
        u: expect.objectContaining({
          ...context,
          step: 1,
          epoch: 0.25,
          time: 1000,
          loss: 1,
          names: ['w', 'b'],
          columns: { updateNorm: Float64Array.of(2, 0), weightNorm: Float64Array.of(5, 0) },
          histograms: {},
        }),
        v: expect.objectContaining({
          ...context,
          step: 2,
          epoch: 0.5,
          loss: 0.5,
          columns: { updateNorm: Float64Array.of(5, 1), weightNorm: Float64Array.of(Math.sqrt(45), 0) },
        }),
      });
      expectSubscriptions(source.subscriptions).toBe('^-----------------!');
    });
    expect(ledger).toEqual({ taken: 2, live: 0 });
  });

  it('gives columns in the order of STATISTICS, each once, and the same array of names at every step', () => {
    const { values } = collect(
      from(fakeRun(2)).pipe(parameterUpdates({ statistics: ['weightNorm', 'updateNorm', 'weightNorm'] })),
    );
    expect(values.map(({ columns }) => Object.keys(columns))).toEqual([
      ['updateNorm', 'weightNorm'],
      ['updateNorm', 'weightNorm'],
    ]);
    expect(values[1]!.names).toBe(values[0]!.names);
  });

  it('adds histograms where asked', () => {
    const { values } = collect(from(fakeRun(1)).pipe(parameterUpdates({ histograms: ['gradient', 'update'] })));
    expect(Object.keys(values[0]!.histograms)).toEqual(['update', 'gradient']);
  });

  it('does nothing on steps that the schedule leaves out', () => {
    const ledger = newLedger();
    const asked: unknown[] = [];
    const result = collect(
      from(fakeRun(5, { ledger, stepsPerEpoch: 2 })).pipe(
        parameterUpdates({
          when: (step, at) => {
            asked.push([step, at.epoch, at.previousEpoch]);
            return everySteps(2)(step, at);
          },
        }),
      ),
    );
    expect(steps(result.values)).toEqual([2, 4]);
    expect(ledger).toEqual({ taken: 2, live: 0 });
    expect(asked).toEqual([
      [1, 0, -1],
      [2, 0, 0],
      [3, 1, 0],
      [4, 1, 1],
      [5, 2, 1],
    ]);
  });

  it('measures the first step of each epoch', () => {
    const { values } = collect(from(fakeRun(7, { stepsPerEpoch: 3 })).pipe(parameterUpdates({ when: everyEpochs(1) })));
    expect(steps(values)).toEqual([1, 4, 7]);
  });

  it('never, empty, error', () => {
    marbles(({ hot, cold, expectObservable }) => {
      expectObservable(cold<TrainingEvent>('-').pipe(parameterUpdates())).toBe('-');
      expectObservable(EMPTY.pipe(parameterUpdates())).toBe('|');
      expectObservable(hot<TrainingEvent>('--#').pipe(parameterUpdates())).toBe('--#');
    });
  });

  it('lets go of the snapshot on error, completion and unsubscription in mid-step', () => {
    for (const end of ['error', 'complete', 'unsubscribe'] as const) {
      const ledger = newLedger();
      const { begin, pre } = fakeStep(1, { w: [1] }, { w: [2] }, { ledger });
      const source = new Subject<TrainingEvent>();
      const subscription = source.pipe(parameterUpdates()).subscribe({ error() {} });
      source.next(begin);
      source.next(pre);
      expect(ledger.live).toBe(1);
      if (end === 'unsubscribe') subscription.unsubscribe();
      else if (end === 'complete') source.complete();
      else source.error(new Error('source'));
      expect(ledger).toEqual({ taken: 1, live: 0 });
      expect(source.observed).toBe(false);
    }
  });

  it('lets go of the snapshot of a step that threw in its update, and measures the next', () => {
    const ledger = newLedger();
    const failed = fakeStep(1, { w: [1] }, { w: [2] }, { ledger });
    const again = fakeStep(1, { w: [1] }, { w: [4] }, { ledger });
    const source = new Subject<TrainingEvent>();
    const seen: number[] = [];
    source.pipe(parameterUpdates()).subscribe((updates) => seen.push(updates.of('w').updateNorm));
    for (const e of [failed.begin, failed.pre, again.begin]) source.next(e);
    expect(ledger.live).toBe(0);
    for (const e of [again.pre, again.post, again.end]) source.next(e);
    expect(seen).toEqual([3]);
    expect(ledger).toEqual({ taken: 2, live: 0 });
  });

  it('emits a step that threw after its update when the next begins, without a loss', () => {
    const failed = fakeStep(1, { w: [1] }, { w: [3] });
    const again = fakeStep(1, { w: [3] }, { w: [4] });
    const { values, completed } = collect(
      of(failed.begin, failed.pre, failed.post, again.begin, again.pre, again.post, again.end).pipe(parameterUpdates()),
    );
    expect(values.map(({ step, loss, learningRate }) => [step, loss, learningRate])).toEqual([
      [1, Number.NaN, Number.NaN],
      [1, 1, 0.1],
    ]);
    expect(values.map((updates) => updates.of('w').updateNorm)).toEqual([2, 1]);
    expect(completed).toBe(true);
  });

  it('emits a step that never ended when the run does', () => {
    const { begin, pre, post } = fakeStep(1, { w: [1] }, { w: [3] });
    const { values, completed } = collect(of(begin, pre, post).pipe(parameterUpdates()));
    expect(values).toMatchObject([{ step: 1, loss: Number.NaN }]);
    expect(completed).toBe(true);
  });

  it('keeps step order where ends come late, as on a GPU', () => {
    const [one, two, three] = [1, 2, 3].map((n) => fakeStep(n, { w: [n] }, { w: [n + 1] }));
    const late = [
      ...[one!.begin, one!.pre, one!.post, two!.begin, two!.pre, two!.post, three!.begin, three!.pre],
      ...[two!.end, one!.end, three!.post, three!.end],
    ];
    const { values } = collect(from(late).pipe(parameterUpdates()));
    expect(values.map(({ step, loss }) => [step, loss])).toEqual([
      [1, 1],
      [2, 1 / 2],
      [3, 1 / 3],
    ]);
  });

  it('does not wait for ever: of 64 steps without an end, the oldest is given without a loss', () => {
    const source = new Subject<TrainingEvent>();
    const seen: ParameterUpdates[] = [];
    source.pipe(parameterUpdates()).subscribe((updates) => seen.push(updates));
    const all = Array.from({ length: 66 }, (_, i) => fakeStep(i + 1, { w: [0] }, { w: [1] }));
    for (const { begin, pre, post } of all) for (const e of [begin, pre, post]) source.next(e);
    expect(seen.map(({ step, loss }) => [step, loss])).toEqual([
      [1, Number.NaN],
      [2, Number.NaN],
    ]);
    source.next(all[0]!.end);
    expect(seen).toHaveLength(2);
    source.next(all[2]!.end);
    expect(seen.at(-1)).toMatchObject({ step: 3, loss: 1 / 3 });
  });

  it('emits in step order when the comparison is a promise, and completes after the last', async () => {
    const { waiting, delay } = device();
    const source = new Subject<TrainingEvent>();
    const result = collect(source.pipe(parameterUpdates()));
    for (const n of [1, 2, 3])
      for (const e of Object.values(fakeStep(n, { w: [0] }, { w: [n] }, { delay }))) source.next(e);
    source.complete();
    waiting[1]!.settle();
    waiting[2]!.settle();
    await idle();
    expect(result).toMatchObject({ values: [], completed: false });
    waiting[0]!.settle();
    await idle();
    expect(result.values.map(({ step, loss }) => [step, loss])).toEqual([
      [1, 1],
      [2, 1 / 2],
      [3, 1 / 3],
    ]);
    expect(result.values.map((updates) => updates.of('w').updateNorm)).toEqual([1, 2, 3]);
    expect(result.completed).toBe(true);
  });

  it('makes an error of a comparison that fails; one that fails after unsubscription ends nothing', async () => {
    const { waiting, delay } = device();
    const source = new Subject<TrainingEvent>();
    const result = collect(source.pipe(parameterUpdates()));
    const other = source.pipe(parameterUpdates()).subscribe();
    const { begin, pre, post, end } = fakeStep(1, { w: [0] }, { w: [1] }, { delay });
    for (const e of [begin, pre, post]) source.next(e);
    other.unsubscribe();
    source.next(end);
    for (const { fail } of waiting) fail(new Error('lost device'));
    await idle();
    expect(result.error).toEqual(new Error('lost device'));
  });

  it('makes an error of a schedule that throws or answers nonsense', () => {
    const thrown = collect(
      from(fakeRun(2)).pipe(
        parameterUpdates({
          when: () => {
            throw new Error('mine');
          },
        }),
      ),
    );
    expect(thrown.error).toEqual(new Error('mine'));
    const ledger = newLedger();
    const nonsense = collect(
      from(fakeRun(9, { ledger })).pipe(
        parameterUpdates({ when: ((step: number) => (step < 5 ? true : 'yes')) as unknown as () => boolean }),
      ),
    );
    expect(steps(nonsense.values)).toEqual([1, 2, 3, 4]);
    expect(nonsense.error).toEqual(new TypeError('when: expected a function step → boolean; got "yes" for step 5'));
    expect(ledger.live).toBe(0);
  });

  it('lets go of the snapshot when the comparison throws', () => {
    const ledger = newLedger();
    const { pre, post } = fakeStep(1, { w: [0] }, { w: [1] }, { ledger });
    const broken = {
      ...post,
      parameters: {
        ...post.parameters,
        compare: () => {
          throw new Error('disposed');
        },
      },
    };
    expect(collect(of(pre, broken).pipe(parameterUpdates())).error).toEqual(new Error('disposed'));
    expect(ledger).toEqual({ taken: 1, live: 0 });
  });

  it('refuses unknown statistics, histograms and schedules where it is made', () => {
    const statistics = (names: string[]) => () => parameterUpdates({ statistics: names as Statistic[] });
    expect(statistics(['foo'])).toThrow(
      /^statistics: expected one of updateNorm, weightNorm, .*, stdRatio; got "foo"$/,
    );
    expect(statistics(['updateNorm', 'weigthNorm'])).toThrow(/got "weigthNorm"; did you mean "weightNorm"\?$/);
    expect(() => parameterUpdates({ histograms: ['updates' as 'update'] })).toThrow(
      'histograms: expected one of update, weight, gradient; got "updates"; did you mean "update"?',
    );
    expect(() => parameterUpdates({ when: 10 as unknown as () => boolean })).toThrow(
      'when: expected a function step → boolean, got 10',
    );
  });

  it('keeps its state in the subscription', () => {
    const updates = parameterUpdates({ when: everyEpochs(1) });
    for (const _ of [1, 2]) expect(steps(collect(from(fakeRun(2)).pipe(updates)).values)).toEqual([1]);
  });

  it('stays supervised', () => {
    const failures: unknown[] = [];
    const source = new Subject<TrainingEvent>();
    const supervised = new SupervisedObservable<TrainingEvent>(
      (cause) => failures.push(cause),
      (subscriber) => source.subscribe(subscriber),
    );
    supervised.pipe(parameterUpdates()).subscribe(() => {
      throw new Error('mine');
    });
    for (const e of fakeRun(2)) source.next(e);
    expect(failures).toEqual([new Error('mine')]);
  });

  it('gives every subscriber columns of its own', () => {
    const source = new Subject<TrainingEvent>();
    const seen: ParameterUpdates[] = [];
    const options = {
      statistics: ['updateNorm', 'maxAbsUpdate', 'unchanged', 'nonFinite'],
      histograms: ['update'],
    } as const;
    source.pipe(parameterUpdates(options)).subscribe(({ columns, histograms }) => {
      for (const column of Object.values(columns)) column.fill(-1);
      (histograms.update![0]!.counts as number[]).push(-1);
    });
    source.pipe(parameterUpdates(options)).subscribe((updates) => seen.push(updates as never));
    for (const e of fakeRun(2)) source.next(e);
    expect(seen).toHaveLength(2);
    for (const { columns, histograms } of seen) {
      for (const column of Object.values(columns)) expect([...column]).not.toContain(-1);
      expect(histograms.update![0]!.counts).not.toContain(-1);
    }
  });

  it('has the names that are picked or grouped be the same array while the names are', () => {
    const updates$ = from(fakeRun(3, { start: { 'a/w': [1], 'a/b': [1], 'c/w': [2] } })).pipe(parameterUpdates());
    for (const operator of [
      selectParameters<DefaultStatistic>('a.*'),
      groupByLayer<DefaultStatistic>(),
      topUpdates<DefaultStatistic>(2),
    ]) {
      const names = collect(
        updates$.pipe(operator as ReturnType<typeof selectParameters<DefaultStatistic>>),
      ).values.map((updates) => updates.names);
      expect(new Set(names).size).toBe(1);
      expect(names[0]).toHaveLength(2);
    }
  });
});
