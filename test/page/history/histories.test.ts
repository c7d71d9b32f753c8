import fc from 'fast-check';
import { createParameterUpdates } from 'trainscope';
import { describe, expect, it } from 'vitest';
import type { Changes } from '../../../src/page/history/changes.js';
import { Histories, RUNS_KEPT } from '../../../src/page/history/histories.js';
import { MARKS_KEPT } from '../../../src/page/history/marks.js';
import { ABSENT, packNorms, unpackNorms } from '../../../src/page/history/packed-numbers.js';
import { ParameterTable, TABLE_BUCKETS } from '../../../src/page/history/parameter-table.js';
import { type AnyRecord, Recorder } from '../../../src/page/history/recorder.js';
import { ScalarSeries, SERIES_BUCKETS } from '../../../src/page/history/scalar-series.js';
import { updatesOf } from '../../helpers/updates.js';

const CONTEXT = { run: 'a', step: 1, epoch: 0.1, time: 1000 };

const stepEnd = (step: number, loss: number, run = 'a') => ({
  type: 'step-end' as const,
  run,
  step,
  epoch: step / 100,
  time: 1000 + step * 10,
  loss,
  learningRate: 0.01,
  durationMs: 10,
  examples: 4,
  observingMs: 1,
});

/** Through JSON, as on the wire. */
const wired = (changes: Changes): Changes => JSON.parse(JSON.stringify(changes));

const anyValue = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: 0, max: 1e6, noNaN: true }) },
  fc.constantFrom(Number.NaN, Infinity, 0, 1e-40, 3.4e38, 1e39),
);

describe('a series', () => {
  it('keeps the extremes, the count and what is no number, however long it gets', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer(), (length, seed) => {
        const series = new ScalarSeries();
        const values = Array.from({ length }, (_, i) => Math.sin(seed + i * i) * (i % 97 === 0 ? 1e3 : 1));
        for (const [i, value] of values.entries()) series.take(i + 1, i % 101 === 50 ? Number.NaN : value, i);
        const finite = values.filter((_, i) => i % 101 !== 50);
        const { buckets } = series;
        expect(buckets.length).toBeLessThanOrEqual(SERIES_BUCKETS);
        expect(Math.max(...buckets.map(({ max }) => max))).toBe(Math.max(...finite));
        expect(Math.min(...buckets.map(({ min }) => min))).toBe(Math.min(...finite));
        expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(finite.length);
        expect(buckets.reduce((sum, { nonFinite }) => sum + nonFinite, 0)).toBe(length - finite.length);
        const mean = buckets.reduce((sum, bucket) => sum + bucket.mean * bucket.count, 0) / finite.length;
        expect(mean).toBeCloseTo(finite.reduce((a, b) => a + b, 0) / finite.length, 6);
      }),
      { numRuns: 30 },
    );
  });

  it('is told value for value', () => {
    const value = fc
      .oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e-320, 1e300))
      .map((each) => each + 0);
    const records = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), value), { maxLength: 60 });
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 20 }), (taken, limit) => {
        const series = new ScalarSeries(limit);
        for (const [step, each] of taken) series.take(step, each, 1);
        const told = new ScalarSeries(limit);
        const changes = series.changesSince(0);
        if (changes) told.apply(JSON.parse(JSON.stringify(changes)));
        const plain = ({ buckets, width }: ScalarSeries) =>
          buckets.map(({ version: _, last: __, ...bucket }) => ({ width, ...bucket }));
        expect(plain(told)).toEqual(plain(series));
      }),
    );
  });

  it('takes steps in any order, and holds each in the bucket of its step', () => {
    const series = new ScalarSeries();
    for (const step of [5, 1, 3, 1]) series.take(step, step, 1);
    expect(series.buckets.map(({ start, count }) => [start, count])).toEqual([
      [1, 2],
      [3, 1],
      [5, 1],
    ]);
  });
});

describe('a table', () => {
  it('keeps the extremes of every row: a NaN stays, a spike of one step stays', () => {
    const table = new ParameterTable(['updateRatio']);
    for (let step = 1; step <= 10_000; step++) {
      const spike = step === 7777 ? 0.5 : 1e-3;
      table.take(step, [0, 1], { updateRatio: [spike, step === 1234 ? Number.NaN : 1e-4] }, step);
    }
    expect(table.starts.length).toBeLessThanOrEqual(TABLE_BUCKETS);
    const spikes = table.row(0, 'updateRatio').filter(({ max }) => max > 0.1);
    expect(spikes).toEqual([{ start: Math.floor(7777 / table.width) * table.width, min: Math.fround(1e-3), max: 0.5 }]);
    const bad = table.row(1, 'updateRatio').filter(({ max }) => Number.isNaN(max));
    expect(bad.map(({ start }) => start)).toEqual([Math.floor(1234 / table.width) * table.width]);
  });

  it('leaves out what a row or a step does not have', () => {
    const table = new ParameterTable(['updateRatio', 'updateNorm']);
    table.take(1, [0], { updateNorm: [2] }, 1);
    table.take(2, [undefined, 1], { updateNorm: [9, 3] }, 2);
    expect(table.row(0, 'updateNorm')).toEqual([{ start: 1, min: 2, max: 2 }]);
    expect(table.row(1, 'updateNorm')).toEqual([{ start: 2, min: 3, max: 3 }]);
    expect(table.row(0, 'updateRatio')).toEqual([]);
  });
});

describe('packed norms', () => {
  it('are within 0.2 %, keep their order, and zero, Infinity, NaN and what is absent', () => {
    fc.assert(
      fc.property(fc.array(anyValue), (values) => {
        const floats = Float32Array.from(values);
        const packed = unpackNorms(packNorms(floats));
        for (const [i, value] of floats.entries()) {
          if (!Number.isFinite(value) || value === 0) expect(packed[i]).toBe(value);
          else if (value > 1e-37 && value < 3.39e38) expect(Math.abs(packed[i]! / value - 1)).toBeLessThan(0.002);
          for (const [j, other] of floats.entries()) if (value <= other) expect(packed[i]! <= packed[j]!).toBe(true);
        }
      }),
    );
    expect([...unpackNorms(packNorms(Float32Array.of(ABSENT, 0, 1, Number.NaN)))]).toEqual([ABSENT, 0, 1, Number.NaN]);
  });
});

describe('histories', () => {
  const record = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        jump: fc.integer({ min: 0, max: 400 }),
        loss: anyValue,
        rows: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant('sync' as const) },
  );

  it('one that follows by changes, at whatever moments, ends up equal', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 800, size: 'max' }), (records) => {
        const recorder = new Recorder();
        const follower = new Histories();
        let step = 0;
        for (const each of records) {
          if (each === 'sync') follower.apply(wired(recorder.histories.changesSince(follower.version)));
          else {
            step += each.jump;
            recorder.take(stepEnd(step, each.loss));
            const norms = Object.fromEntries(
              ['x/w', 'x/b', 'y/w'].slice(0, each.rows).map((name) => [name, each.loss]),
            );
            recorder.take(updatesOf(norms, { run: 'a', step }));
          }
        }
        follower.apply(wired(recorder.histories.changesSince(follower.version)));
        const fresh = new Histories();
        fresh.apply(wired(recorder.histories.changesSince(0)));
        expect(roughly(follower)).toEqual(roughly(fresh));
      }),
      { numRuns: 8 },
    );
  });

  /** Means are merged in another order by a follower: they agree to six digits. */
  function roughly(histories: Histories): unknown {
    const text = (value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value);
    for (const run of histories.runs.values()) {
      for (const series of run.series.values())
        for (const bucket of series.buckets) (bucket as { version: number }).version = 0;
    }
    return JSON.parse(
      JSON.stringify(
        [...histories.runs.values()].map((run) => [
          run.state.value,
          run.rows.value,
          run.marks.all,
          [...run.series].map(([name, { buckets }]) => [name, buckets.map(({ mean, ...rest }) => [text(mean), rest])]),
          run.parameters.starts,
          run.layers.starts,
          run.rows.value.parameters.map((_, row) => run.parameters.row(row, 'updateNorm')),
          run.rows.value.layers.map((_, row) => run.layers.row(row, 'updateRatio')),
        ]),
      ),
    );
  }

  it('takes any record, and passes over what it does not show', () => {
    const recorder = new Recorder();
    const records: AnyRecord[] = [
      { type: 'nonsense' },
      { type: 'step-end' },
      stepEnd(Number.NaN, 1),
      stepEnd(-1, 1),
      { type: 'optimizer-step', ...CONTEXT, parameters: {} } as AnyRecord,
      { type: 'throughput', ...CONTEXT } as AnyRecord,
    ];
    for (const each of records) recorder.take(each);
    expect(recorder.histories.runs.size).toBe(0);
  });

  it('says the loss of a step once, whether the step or its updates say it first', () => {
    const recorder = new Recorder();
    recorder.take(updatesOf({ w: 1 }, { run: 'a', step: 1, loss: 3 }));
    recorder.take(stepEnd(1, 3));
    recorder.take(stepEnd(2, 2));
    recorder.take(updatesOf({ w: 1 }, { run: 'a', step: 2, loss: 2 }));
    const losses = recorder.histories.of('a').series.get('loss')!.buckets;
    expect(losses.map(({ start, mean, count }) => [start, mean, count])).toEqual([
      [1, 3, 1],
      [2, 2, 1],
    ]);
  });

  it('knows where a run stands, and that one that begins anew under its name is another', () => {
    const recorder = new Recorder();
    const { histories } = recorder;
    recorder.take({ type: 'train-begin', ...CONTEXT, step: 0, maxSteps: 10, numEpochs: 2 } as AnyRecord);
    expect(histories.of('a').state.value).toMatchObject({
      phase: 'running',
      maxSteps: 10,
      numEpochs: 2,
      beganAt: 1000,
    });
    recorder.take(stepEnd(1, 1));
    recorder.take({ type: 'train-end', ...CONTEXT } as AnyRecord);
    expect(histories.of('a').state.value.phase).toBe('finished');
    recorder.take({ type: 'train-begin', ...CONTEXT, step: 0 } as AnyRecord);
    recorder.take(stepEnd(1, 5));
    expect([...histories.runs.keys()]).toEqual(['a', 'a (2)']);
    expect(histories.of('a (2)').series.get('loss')!.buckets[0]!.mean).toBe(5);
  });

  it('knows how a run ended and marks an early end; one of before that does not say how has just finished', () => {
    const ends = {
      completed: { status: 'completed' },
      stopped: { status: 'stopped', reason: 'stopOnAlert: NaN' },
      failed: { status: 'failed', reason: 'out of memory' },
      bare: { status: 'failed' },
      old: {},
      strange: { status: 'exploded', reason: 5 },
    };
    const recorder = new Recorder();
    for (const [run, end] of Object.entries(ends)) {
      recorder.take(stepEnd(3, 1, run));
      recorder.take({ type: 'train-end', ...CONTEXT, step: 3, run, ...end } as unknown as AnyRecord);
    }
    const page = new Histories();
    page.apply(wired(recorder.histories.changesSince(0)));
    for (const { runs } of [recorder.histories, page]) {
      const found = [...runs.values()].map(({ name, state, marks }) => {
        const { phase, end } = state.value;
        return [name, phase, end, marks.all.map(({ kind, step, message }) => [kind, step, message])];
      });
      expect(found).toEqual([
        ['bare', 'finished', ends.bare, [['failed', 3, 'No reason was given.']]],
        ['completed', 'finished', ends.completed, []],
        ['failed', 'finished', ends.failed, [['failed', 3, 'out of memory']]],
        ['old', 'finished', undefined, []],
        ['stopped', 'finished', ends.stopped, [['stopped', 3, 'stopOnAlert: NaN']]],
        ['strange', 'finished', undefined, []],
      ]);
    }
    recorder.take({ type: 'train-begin', ...CONTEXT, step: 3, run: 'failed' } as AnyRecord);
    expect(recorder.histories.of('failed').state.value).toMatchObject({ phase: 'running', end: undefined });
  });

  it('marks alerts, control, checkpoints and failed sinks, the latest of them; of an evaluation it has the metrics', () => {
    const recorder = new Recorder();
    for (let i = 0; i < MARKS_KEPT + 5; i++) {
      recorder.take({
        type: 'alert',
        ...CONTEXT,
        rule: 'r',
        severity: 'error',
        message: `m${i}`,
        phase: 'begin',
        firstStep: 1,
      } as AnyRecord);
    }
    recorder.take({ type: 'evaluate', ...CONTEXT, metrics: { accuracy: 0.75 } } as AnyRecord);
    const { marks, series } = recorder.histories.of('a');
    expect([marks.all.length, marks.dropped, marks.all[0]!.message]).toEqual([MARKS_KEPT, 5, 'm5']);
    expect(series.get('metric:eval/accuracy')!.buckets[0]!.mean).toBe(0.75);
  });

  it('tells what is logged from what is evaluated, and has one name for one metric', () => {
    const recorder = new Recorder();
    recorder.take({ type: 'log', ...CONTEXT, metrics: { loss: 1, val_loss: 2 } } as AnyRecord);
    recorder.take({ type: 'evaluate', ...CONTEXT, metrics: { eval_loss: 2, 'eval/f1': 0.5 } } as AnyRecord);
    recorder.take({ type: 'predict', ...CONTEXT, metrics: { loss: 3 } } as AnyRecord);
    const { series } = recorder.histories.of('a');
    expect([...series].map(([name, { buckets }]) => [name, buckets[0]!.mean])).toEqual([
      ['metric:log/loss', 1],
      ['metric:eval/loss', 2],
      ['metric:eval/f1', 0.5],
      ['metric:predict/loss', 3],
    ]);
  });

  it('keeps the settings of a run, as many and as long as a table can show, through JSON', () => {
    const recorder = new Recorder();
    const config = { rate: 1e-3, warm: true, none: null, bad: Number.NaN, text: 'x'.repeat(500), nested: { a: [1] } };
    recorder.take({ type: 'train-begin', ...CONTEXT, config } as AnyRecord);
    const follower = new Histories();
    follower.apply(wired(recorder.histories.changesSince(0)));
    expect(follower.of('a').settings.value).toEqual({
      ...{ rate: 1e-3, warm: true, none: null, bad: 'NaN', text: `${'x'.repeat(199)}…`, nested: '{"a":[1]}' },
    });
    const many = Object.fromEntries(Array.from({ length: 210 }, (_, i) => [`s${i}`, i]));
    recorder.take({ type: 'train-begin', ...CONTEXT, run: 'b', config: many } as AnyRecord);
    expect(Object.keys(recorder.histories.of('b').settings.value!)).toHaveLength(200);
    expect(recorder.histories.of('b').omitted.value).toEqual({ hyperparameters: 10 });
    for (const odd of [null, 3, 'x', [1], {}]) {
      recorder.take({ type: 'train-begin', ...CONTEXT, run: 'c', config: odd } as AnyRecord);
      expect(recorder.histories.of('c').settings.value).toBeUndefined();
    }
  });

  it('shows a model of many parameters by its layers, with joint norms', () => {
    const recorder = new Recorder();
    const norms = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`l/${i >> 1}/${i & 1 ? 'b' : 'w'}`, i & 1 ? 4 : 3]),
    );
    recorder.take(updatesOf(norms, { run: 'a', step: 1 }));
    const run = recorder.histories.of('a');
    expect(run.rows.value).toMatchObject({ byLayer: true, parameterCount: 1000, hidden: 0 });
    expect(run.rows.value.parameters.length).toBe(500);
    expect(run.parameters.row(7, 'updateNorm')).toEqual([{ start: 1, min: 5, max: 5 }]);
  });

  it('carries the latest histograms, and those of at most 32 moments, the first among them', () => {
    const recorder = new Recorder();
    const base = updatesOf({ w: 1 }, { run: 'a' });
    const histogram = { zeros: 1, nonFinite: 0, firstExponent: -3, counts: [1, 2] };
    const follower = new Histories();
    for (let step = 1; step <= 1000; step++) {
      const weight = [{ ...histogram, zeros: step }];
      recorder.take(createParameterUpdates({ ...base, step, histograms: { weight } }));
      const layers = [
        { name: 'relu', activation: 'relu', histogram: { ...histogram, zeros: 2 * step } },
        { name: 'x' },
      ];
      recorder.take({ type: 'activations', run: 'a', step, epoch: 0, time: 0, layers } as { type: string });
      if (step % 7 === 0) follower.apply(wired(recorder.histories.changesSince(follower.version)));
    }
    follower.apply(wired(recorder.histories.changesSince(follower.version)));
    for (const run of [recorder.histories.of('a'), follower.of('a')]) {
      const zeros = run.histograms.moments.map(({ step, histograms }) => [step, histograms.weight![0]!.zeros]);
      expect(zeros[0]).toEqual([1, 1]);
      expect(zeros.length).toBeGreaterThan(15);
      expect(zeros.length).toBeLessThanOrEqual(32);
      for (const [step, count] of zeros) expect(count).toBe(step);
      expect(run.histograms.latest.value).toEqual({
        step: 1000,
        histograms: { weight: [{ ...histogram, zeros: 1000 }] },
      });
      expect(run.activationLayers.value).toEqual(['relu']);
      expect(run.activations.moments[0]!.histograms.activation).toEqual([{ ...histogram, zeros: 2 }]);
      expect(run.activations.latest.value?.step).toBe(1000);
    }
    expect(follower.of('a').histograms.moments).toEqual(recorder.histories.of('a').histograms.moments);
  });

  it('has its runs in the order in which they began, whichever is read first', () => {
    const named = ['b', 'a', 'late', 'c'].map((run) => ({ ...stepEnd(1, 1, run), time: run === 'late' ? 2000 : 1000 }));
    for (const records of [named, [...named].reverse()]) {
      const recorder = new Recorder();
      const follower = new Histories();
      for (const record of records) {
        recorder.take(record);
        follower.apply(wired(recorder.histories.changesSince(follower.version)));
      }
      for (const { runs } of [recorder.histories, follower]) expect([...runs.keys()]).toEqual(['a', 'b', 'c', 'late']);
    }
  });

  it('counts runs that find no room, and what they say', () => {
    const recorder = new Recorder();
    for (let run = 0; run < RUNS_KEPT + 3; run++) {
      for (const step of [1, 2]) recorder.take(stepEnd(step, 1, `run ${run}`));
    }
    recorder.omitRuns(2);
    const page = new Histories();
    page.apply(wired(recorder.histories.changesSince(0)));
    for (const histories of [recorder.histories, page]) {
      expect(histories.runs.size).toBe(RUNS_KEPT);
      expect(histories.leftOut.value).toEqual({ runs: 5, records: 6 });
    }
  });

  it('counts what was left out of a run before anything of it came', () => {
    const recorder = new Recorder();
    recorder.omit('a', 'damaged lines');
    recorder.omit('a', 'damaged lines', 2);
    recorder.take(stepEnd(1, 1));
    recorder.omit('a', 'damaged lines');
    expect(recorder.histories.of('a').omitted.value).toEqual({ 'damaged lines': 4 });
  });

  it('knows what observing is made of, the largest parts first, and as many as there is room for', () => {
    const recorder = new Recorder();
    recorder.take(stepEnd(1, 1));
    expect(recorder.histories.of('a').observing.value).toBeUndefined();
    recorder.take({ ...stepEnd(1, 1, 'b'), observingBy: { operators: 0.25, csvSink: 0.75 } } as AnyRecord);
    const follower = new Histories();
    follower.apply(wired(recorder.histories.changesSince(0)));
    expect(Object.entries(follower.of('b').observing.value!)).toEqual([
      ['csvSink', 0.075],
      ['operators', 0.025],
    ]);
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`sink ${i}`, 1 / 1000]));
    recorder.take({ ...stepEnd(1, 1, 'c'), observingBy: many } as AnyRecord);
    const shown = recorder.histories.of('c').observing.value!;
    expect(Object.keys(shown)).toHaveLength(20);
    expect(shown.others).toBeCloseTo(0.1 * (981 / 1000), 9);
    for (const odd of [null, 'no', 7, { a: 'b' }]) {
      recorder.take({ ...stepEnd(1, 1, 'd'), observingBy: odd } as unknown as AnyRecord);
    }
    expect(recorder.histories.of('d').observing.value ?? {}).toEqual({});
  });

  it('carries values, a NaN as none', () => {
    const recorder = new Recorder();
    const one = Float64Array.of(2, Number.NaN);
    const columns = { min: one, max: one, mean: one, standardDeviation: one, zeros: one, nans: one, infinities: one };
    const at = { run: 'a', step: 3, epoch: 0, time: 0, names: ['w', 'b'], sizes: [4, 1] };
    recorder.take({ type: 'parameter-values', ...at, columns } as { type: string });
    const follower = new Histories();
    follower.apply(wired(recorder.histories.changesSince(0)));
    const none = new Array(7).fill(null);
    expect(follower.of('a').values.value).toEqual({
      step: 3,
      rows: [
        ['w', 4, ...new Array(7).fill(2)],
        ['b', 1, ...none],
      ],
    });
  });
});
