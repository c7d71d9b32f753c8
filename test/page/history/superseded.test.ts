import fc from 'fast-check';
import { createParameterUpdates } from 'trainscope';
import { describe, expect, it } from 'vitest';
import type { Changes } from '../../../src/page/history/changes.js';
import { Histories } from '../../../src/page/history/histories.js';
import { ParameterTable } from '../../../src/page/history/parameter-table.js';
import { type AnyRecord, Recorder } from '../../../src/page/history/recorder.js';
import type { RunHistory } from '../../../src/page/history/run-history.js';
import { ScalarSeries } from '../../../src/page/history/scalar-series.js';
import { updatesOf } from '../../helpers/updates.js';

const wired = <T>(changes: T): T => JSON.parse(JSON.stringify(changes));

/** What a loop says at a step, in its first or its second attempt. */
const event = (type: string, step: number, more: object = {}): AnyRecord =>
  ({ type, run: 'a', step, epoch: step / 100, time: 1000 + 10 * step, ...more }) as AnyRecord;
const stepEnd = (step: number, loss: number, more: object = {}) =>
  event('step-end', step, { loss, learningRate: 0.1, durationMs: 10, examples: 4, observingMs: 1, ...more });
/** What comes anew is said later. */
const stepEndAgain = (step: number, loss: number) => stepEnd(step, loss, { time: 5000 + 10 * step });
const updates = (step: number, norm: number) => updatesOf({ w: norm }, { run: 'a', step });
const histograms = (step: number, zeros: number, norm = 1) =>
  createParameterUpdates({
    ...updates(step, norm),
    histograms: { weight: [{ zeros, nonFinite: 0, firstExponent: -3, counts: [1] }] },
  });
const resumed = (step: number, after: number) => event('resumed', step, { after });
const rolledBack = (step: number, refused = false) =>
  event('control', step, {
    command: { kind: 'rollback' },
    source: 'rollback',
    message: 'm',
    ...(refused && { refused }),
  });

function recorded(...records: readonly AnyRecord[]): Recorder {
  const recorder = new Recorder();
  for (const record of records) recorder.take(record);
  return recorder;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

function lossesOf(run: RunHistory) {
  return run.series.get('loss')!.buckets.map(({ start, mean, count }) => [start, mean, count]);
}

function marksOf(run: RunHistory) {
  return run.marks.all.map(({ kind, step, message }) => [kind, step, message]);
}

/** As many steps as it takes for buckets of several; values that are packed as they are. */
const act = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      jump: fc.integer({ min: 0, max: 90 }),
      value: fc.integer({ min: 1, max: 200 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant('keep' as const) },
  { weight: 1, arbitrary: fc.constant('back to what was kept' as const) },
  { weight: 1, arbitrary: fc.record({ back: fc.double({ min: 0, max: 1, noNaN: true }) }) },
  { weight: 1, arbitrary: fc.constant('sync' as const) },
);

describe('steps that are superseded', () => {
  it('are in no bucket, of whatever width, nor in those of one that follows', () => {
    let atReturns = 0;
    fc.assert(
      fc.property(fc.array(act, { minLength: 500, maxLength: 1500, size: 'max' }), (acts) => {
        const series = new ScalarSeries();
        const table = new ParameterTable(['updateNorm']);
        const follower = { series: new ScalarSeries(), table: new ParameterTable(['updateNorm']), version: 0 };
        let held: { readonly step: number; readonly value: number }[] = [];
        let heldByTable: typeof held = [];
        let [version, step, kept] = [0, 0, 0];
        const sync = () => {
          const changes = [series.changesSince(follower.version), table.changesSince(follower.version)] as const;
          if (changes[0]) follower.series.apply(wired(changes[0]));
          if (changes[1]) follower.table.apply(wired(changes[1]));
          follower.version = version;
        };
        const cut = (to: number) => {
          const [lost, lostByTable] = [series.cutAfter(to, version), table.cutAfter(to, version)];
          expect(lost).toBeLessThan(series.width);
          expect(lostByTable).toBeLessThan(table.width);
          held = held.filter((each) => each.step <= to - lost);
          heldByTable = heldByTable.filter((each) => each.step <= to - lostByTable);
          step = to;
          kept = Math.min(kept, to);
          return lost + lostByTable;
        };
        for (const each of acts) {
          version++;
          if (each === 'sync') sync();
          else if (each === 'keep') {
            kept = step;
            series.keep(step);
            table.keep(step);
          } else if (each === 'back to what was kept') {
            if (kept === 0) continue;
            atReturns++;
            expect(cut(kept)).toBe(0);
          } else if ('back' in each) cut(Math.floor(step * each.back));
          else {
            step += each.jump;
            series.take(step, each.value, version);
            table.take(step, [0], { updateNorm: [each.value] }, version);
            held.push({ step, value: each.value });
            heldByTable.push({ step, value: each.value });
          }
        }
        sync();
        for (const one of [series, follower.series]) {
          expect(one.buckets.map(roughly)).toEqual(bucketsOf(held, series.width).map(roughly));
        }
        const extremes = bucketsOf(heldByTable, table.width).map(({ start, min, max }) => [
          start,
          near(min),
          near(max),
        ]);
        for (const one of [table, follower.table]) {
          expect(one.row(0, 'updateNorm').map(({ start, min, max }) => [start, near(min), near(max)])).toEqual(
            extremes,
          );
        }
      }),
      { numRuns: 15 },
    );
    expect(atReturns).toBeGreaterThan(0);
  });

  it('a file that says it goes on from a checkpoint has the later attempt alone, and a mark', () => {
    const recorder = recorded(
      event('train-begin', 0),
      ...range(1, 37).flatMap((step) => [stepEnd(step, 5), histograms(step, 5, 0.5)]),
      event('evaluate', 35, { metrics: { accuracy: 0.5 } }),
      event('alert', 36, { rule: 'r', severity: 'error', message: 'm', phase: 'begin', firstStep: 36 }),
      resumed(30, 37),
      event('train-begin', 30),
      ...range(31, 40).flatMap((step) => [stepEnd(step, 1), histograms(step, 1, 0.1)]),
    );
    const page = new Histories();
    page.apply(wired(recorder.histories.changesSince(0)));
    for (const run of [recorder.histories.of('a'), page.of('a')]) {
      expect(lossesOf(run)).toEqual([...range(1, 30).map((s) => [s, 5, 1]), ...range(31, 40).map((s) => [s, 1, 1])]);
      const norms = run.parameters.row(0, 'updateNorm').map(({ start, min, max }) => [start, near(min), near(max)]);
      expect(norms.slice(28, 32)).toEqual([29, 30, 31, 32].map((s) => [s, ...(s > 30 ? [0.1, 0.1] : [0.5, 0.5])]));
      const zeros = run.histograms.moments.map(({ step, histograms: { weight } }) => [step, weight![0]!.zeros]);
      expect(zeros.filter(([step, count]) => count !== (step! > 30 ? 1 : 5))).toEqual([]);
      expect(run.series.get('metric:eval/accuracy')!.buckets).toEqual([]);
      expect(marksOf(run)).toEqual([
        ['resumed', 30, 'goes on from step 30: what came of steps 31 to 37 before is superseded, with 1 alert'],
      ]);
      expect(run.omitted.value).toEqual({});
      expect(run.state.value.step).toBe(40);
    }
  });

  it('a training that begins at an earlier step, a rollback and an end of an earlier step say it, too', () => {
    const first = range(1, 37).map((step) => stepEnd(step, 5));
    const again = range(31, 33).map((step) => stepEndAgain(step, 1));
    const expected = [...range(1, 30).map((s) => [s, 5, 1]), ...range(31, 33).map((s) => [s, 1, 1])];
    for (const said of [[event('train-begin', 30)], [rolledBack(30)], []]) {
      const run = recorded(...first, ...said, ...again).histories.of('a');
      expect(lossesOf(run)).toEqual(expected);
      expect(run.marks.all.filter(({ kind }) => kind === 'resumed').map(({ step }) => step)).toEqual([30]);
    }
  });

  it('where only updates are recorded, these say it', () => {
    const run = recorded(...[1, 2, 3, 4, 3, 4].map((step, i) => updates(step, i + 1))).histories.of('a');
    expect(run.parameters.row(0, 'updateNorm').map(({ start, max }) => [start, max])).toEqual([
      [1, 1],
      [2, 2],
      [3, 5],
      [4, 6],
    ]);
  });

  it('what was measured of a step that comes anew is kept, though it comes before the end of that step', () => {
    const first = range(1, 5).flatMap((step) => [updates(step, 0.5), stepEnd(step, 5)]);
    const run = recorded(...first, updates(3, 0.1), stepEndAgain(3, 1)).histories.of('a');
    expect(run.parameters.row(0, 'updateNorm').map(({ start, max }) => [start, near(max)])).toEqual([
      [1, 0.5],
      [2, 0.5],
      [3, 0.1],
    ]);
  });

  it('measurements that come late, a step that is told twice, and what was refused supersede nothing', () => {
    const records = [
      ...range(1, 5).map((step) => stepEnd(step, step)),
      updates(3, 0.5),
      updates(4, 0.5),
      event('evaluate', 2, { metrics: { accuracy: 1 } }),
      rolledBack(2, true),
      stepEnd(5, 5),
    ];
    const run = recorded(...records).histories.of('a');
    expect(lossesOf(run).map(([step]) => step)).toEqual([1, 2, 3, 4, 5]);
    expect(run.marks.all.map(({ kind }) => kind)).toEqual(['control']);
    expect(run.state.value).toMatchObject({ step: 5, epoch: 0.05 });
  });

  it('a run that is resumed where it was killed loses nothing and says so; another call of fit is none', () => {
    const steps = (from: number, to: number) => range(from, to).map((step) => stepEnd(step, 1));
    const end = (status?: string) => event('train-end', 3, status ? { status } : {});
    const killed = recorded(...steps(1, 3), event('train-begin', 3), ...steps(4, 5)).histories.of('a');
    expect(marksOf(killed)).toEqual([['resumed', 3, 'goes on from step 3']]);
    expect(lossesOf(killed).length).toBe(5);
    for (const [status, marks] of [
      ['completed', []],
      [undefined, []],
      ['failed', ['failed', 'resumed']],
    ] as const) {
      const run = recorded(...steps(1, 3), end(status), event('train-begin', 3), ...steps(4, 5)).histories.of('a');
      expect(run.marks.all.map(({ kind }) => kind)).toEqual(marks);
      expect(run.state.value.phase).toBe('running');
    }
    const seenLate = recorded(event('train-begin', 30), stepEnd(31, 1)).histories.of('a');
    expect(marksOf(seenLate)).toEqual([['resumed', 30, 'goes on from step 30']]);
  });

  it('a run that begins anew in its file replaces all, under its own name', () => {
    const first = range(1, 9).map((step) => stepEnd(step, 5));
    const { histories } = recorded(
      event('train-begin', 0),
      ...first,
      resumed(0, 9),
      event('train-begin', 0),
      stepEnd(1, 1),
    );
    expect([...histories.runs.keys()]).toEqual(['a']);
    expect(lossesOf(histories.of('a'))).toEqual([[1, 1, 1]]);
  });

  it('says how many steps went with them, where they are drawn together and were not saved', () => {
    const first = range(1, 3999).flatMap((step) => [
      stepEnd(step, 5),
      ...(step === 3000 ? [event('save', step, { path: 'p' })] : []),
    ]);
    const exact = recorded(...first, resumed(3000, 3999), stepEnd(3001, 1)).histories.of('a');
    expect([exact.series.get('loss')!.width, exact.omitted.value]).toEqual([4, {}]);
    expect(lossesOf(exact).slice(-1)).toEqual([[3000, 3, 2]]);
    const other = recorded(...first, resumed(3002, 3999), stepEnd(3003, 1)).histories.of('a');
    expect(other.omitted.value).toEqual({ 'steps drawn together with superseded ones': 3 });
    expect(lossesOf(other).slice(-2)).toEqual([
      [2996, 5, 4],
      [3000, 1, 1],
    ]);
  });

  it.each([1100, 2100, 4100])(
    'what was saved is known to the step, however wide buckets became until step %i',
    (end) => {
      const first = range(1, end).flatMap((step) => [
        stepEnd(step, step),
        updates(step, step),
        ...(step === 997 ? [event('save', step, { path: 'p' })] : []),
      ]);
      const run = recorded(...first, resumed(997, end)).histories.of('a');
      const { width, buckets } = run.series.get('loss')!;
      expect(width).toBeGreaterThan(1);
      const start = 997 - (997 % width);
      expect(roughly(buckets.at(-1)!)).toEqual(
        roughly(
          bucketsOf(
            range(start, 997).map((step) => ({ step, value: step })),
            width,
          )[0]!,
        ),
      );
      expect(run.parameters.row(0, 'updateNorm').at(-1)!.max).toBe(997);
      expect(run.omitted.value).toEqual({});
    },
  );

  it('one that follows by changes, at whatever moments, ends up equal', () => {
    const record = fc.oneof(
      {
        weight: 20,
        arbitrary: fc.record({
          jump: fc.integer({ min: 1, max: 200 }),
          loss: fc.integer({ min: 1, max: 9 }),
        }),
      },
      { weight: 1, arbitrary: fc.constant('save' as const) },
      { weight: 1, arbitrary: fc.constant('alert' as const) },
      { weight: 1, arbitrary: fc.record({ back: fc.double({ min: 0, max: 1, noNaN: true }) }) },
      { weight: 2, arbitrary: fc.constant('sync' as const) },
    );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 700, size: 'max' }), (records) => {
        const recorder = new Recorder();
        const follower = new Histories();
        const sync = () => follower.apply(wired<Changes>(recorder.histories.changesSince(follower.version)));
        let step = 1;
        recorder.take(stepEnd(1, 1));
        for (const each of records) {
          if (each === 'sync') sync();
          else if (each === 'save') recorder.take(event('save', step, { path: 'p' }));
          else if (each === 'alert') {
            recorder.take(
              event('alert', step, { rule: 'r', severity: 'error', message: `${step}`, phase: 'begin', firstStep: 1 }),
            );
          } else if ('back' in each) {
            const after = step;
            step = Math.max(1, Math.floor(step * each.back));
            recorder.take(resumed(step, after));
          } else {
            step += each.jump;
            recorder.take(stepEnd(step, each.loss));
            recorder.take(histograms(step, step));
            recorder.take(
              event('evaluate', step, {
                metrics: { accuracy: each.loss },
                confusion: { classes: ['x'], counts: [[step]] },
              }),
            );
          }
        }
        sync();
        const fresh = new Histories();
        fresh.apply(wired(recorder.histories.changesSince(0)));
        const server = shown(recorder.histories.of('a'));
        expect(shown(fresh.of('a'))).toEqual(server);
        expect(shown(follower.of('a'))).toEqual(server);
      }),
      { numRuns: 4 },
    );
  });
});

/** What a page shows of a run; means are merged in another order by one that follows. */
function shown(run: RunHistory) {
  return wired([
    run.state.value,
    run.marks.all,
    run.marks.dropped,
    run.omitted.value,
    run.latest.value?.step ?? null,
    run.confusion.value?.step ?? null,
    run.histograms.latest.value?.step ?? null,
    run.histograms.moments.map(({ step }) => step),
    ['loss', 'metric:eval/accuracy'].map((name) => run.series.get(name)?.buckets.map(roughly)),
    [...run.series].map(([name, series]) => [name, series.buckets.map(({ start, count }) => [start, count])]),
    run.parameters.row(0, 'updateNorm').map(({ start, min, max }) => [start, near(min), near(max)]),
    [0, 1, 10, 100, 1000].map((step) => [run.clock.timeAt(step), run.clock.epochAt(step)]),
  ]);
}

function near(value: number): number {
  return Number(value.toPrecision(2));
}

function roughly({ start, count, mean, min, max, nonFinite }: ReturnType<typeof bucketsOf>[number]) {
  const text = (value: number) => Number(value.toPrecision(5));
  return { start, count, mean: text(mean), min: text(min), max: text(max), nonFinite };
}

function bucketsOf(held: readonly { readonly step: number; readonly value: number }[], width: number) {
  const groups = new Map<number, number[]>();
  for (const { step, value } of held) {
    const start = step - (step % width);
    groups.set(start, [...(groups.get(start) ?? []), value]);
  }
  return [...groups.keys()]
    .sort((a, b) => a - b)
    .map((start) => {
      const values = groups.get(start)!;
      const finite = values.filter(Number.isFinite);
      return {
        start,
        count: finite.length,
        mean: finite.reduce((sum, value) => sum + value, 0) / Math.max(1, finite.length),
        min: Math.min(...finite),
        max: Math.max(...finite),
        nonFinite: values.length - finite.length,
      };
    });
}
