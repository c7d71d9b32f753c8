import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Changes } from '../../../src/page/history/changes.js';
import { DetailRecorder } from '../../../src/page/history/detail-recorder.js';
import { FinerHistories } from '../../../src/page/history/finer/finer-histories.js';
import { FinerSeries } from '../../../src/page/history/finer/finer-series.js';
import { Histories } from '../../../src/page/history/histories.js';
import { ParameterTable } from '../../../src/page/history/parameter-table.js';
import { piecesOf } from '../../../src/page/history/pieces.js';
import { Recorder } from '../../../src/page/history/recorder.js';
import type { RunChanges } from '../../../src/page/history/run-history.js';
import type { ShownRecord } from '../../../src/page/history/shown-record.js';
import { updatesOf } from '../../helpers/updates.js';

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

const wired = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** What a page makes of the changes of one run. */
function historyOf(changes: RunChanges): ReturnType<Histories['of']> {
  const histories = new Histories();
  histories.apply(wired<Changes>({ v: 1, from: 0, to: 1, runs: [changes] }));
  return histories.of(changes.name);
}

describe('a finer series', () => {
  it('has each value of any steps as long as there is room, and then their extremes, means and counts', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200, size: 'max' }),
        fc.array(fc.oneof(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.constant(Number.NaN)), {
          minLength: 200,
          maxLength: 200,
        }),
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 0, max: 400 }),
        (steps, values, a, b) => {
          const limit = 64;
          const series = new FinerSeries(limit);
          for (const [i, step] of steps.entries()) series.take(step, values[i]!);
          const [from, to] = [Math.min(a, b), Math.max(a, b)];
          const buckets = [...series.buckets({ from, to })];
          const { width } = series;
          expect(series.length).toBeLessThanOrEqual(limit);
          expect(buckets.map(({ start }) => start)).toEqual(
            [...buckets.map(({ start }) => start)].sort((x, y) => x - y),
          );
          const covered = (step: number) => Math.floor(step / width) * width;
          const expected = new Map<number, number[]>();
          for (const [i, step] of steps.entries()) {
            const start = covered(step);
            if (start + width <= from || start > to) continue;
            expected.set(start, [...(expected.get(start) ?? []), values[i]!]);
          }
          expect(buckets.length).toBe(expected.size);
          for (const { start, count, mean, min, max, nonFinite } of buckets) {
            const all = expected.get(start)!;
            const finite = all.filter(Number.isFinite);
            expect([count, nonFinite]).toEqual([finite.length, all.length - finite.length]);
            if (finite.length === 0) continue;
            const stored = width === 1 ? (value: number) => value : Math.fround;
            expect([min, max]).toEqual([Math.min(...finite), Math.max(...finite)].map(stored));
            const right = finite.reduce((sum, value) => sum + value / finite.length, 0);
            expect(Math.abs(mean - right)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(min), Math.abs(max)));
          }
        },
      ),
    );
  });

  it('has the later value of a step that is taken again, and forgets what is after a step', () => {
    const series = new FinerSeries();
    for (const [step, value] of [
      [1, 1],
      [2, 2],
      [3, 3],
      [2, 20],
    ] as const) {
      series.take(step, value);
    }
    const all = () => [...series.buckets({ from: 0, to: 9 })].map(({ start, mean }) => [start, mean]);
    expect(all()).toEqual([
      [1, 1],
      [2, 20],
      [3, 3],
    ]);
    series.cutAfter(1);
    series.take(2, 5);
    expect(all()).toEqual([
      [1, 1],
      [2, 5],
    ]);
  });
});

describe('a finer series that went back', () => {
  it('has no value that was superseded, of whatever width its buckets are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 400 }), (length, back) => {
        const series = new FinerSeries(64);
        for (let step = 1; step <= length; step++) series.take(step, 5);
        const { width } = series;
        series.cutAfter(back);
        const buckets = () => [...series.buckets({ from: 0, to: 900 })];
        const count = buckets().reduce((sum, bucket) => sum + bucket.count, 0);
        expect(count).toBeLessThanOrEqual(Math.min(back, length));
        expect(count).toBeGreaterThan(Math.min(back, length) - width);
        if (back >= length) expect(count).toBe(length);
        for (let step = back + 1; step <= back + 5; step++) series.take(step, 1);
        expect(buckets().reduce((sum, bucket) => sum + bucket.count, 0)).toBe(count + 5);
        expect(buckets().filter(({ start, max }) => start > back && max > 1)).toEqual([]);
      }),
    );
  });
});

/** Five thousand steps of three parameters, in memory. */
function longRun(tableBytes?: number) {
  const finer = new FinerHistories(tableBytes);
  const recorder = new Recorder((name) => finer.of(name));
  const records: ShownRecord[] = [];
  for (let step = 1; step <= 5000; step++) {
    records.push(stepEnd(step, Math.sin(step)));
    records.push(updatesOf({ 'x/w': 1 / step, 'x/b': step, 'y/w': 2 }, { run: 'a', step }));
  }
  for (const record of records) recorder.take(record);
  return { finer: finer.of('a'), run: recorder.histories.of('a'), records };
}

describe('a finer history', () => {
  it('has every value of a range, where the outline has some', () => {
    const { finer, run } = longRun();
    const range = { from: 3000, to: 3500 };
    const detail = historyOf({ name: 'a', series: finer.seriesIn(range), ...finer.tablesIn(range, run.rows.value) });
    expect(run.series.get('loss')!.width).toBeGreaterThan(1);
    expect(detail.series.get('loss')!.buckets.map(({ start, mean }) => [start, mean])).toEqual(
      Array.from({ length: 501 }, (_, i) => [3000 + i, Math.sin(3000 + i)]),
    );
    const row = run.rows.value.parameters.indexOf('x/b');
    expect(detail.parameters.row(row, 'updateNorm').map(({ start }) => start)).toEqual(
      Array.from({ length: 501 }, (_, i) => 3000 + i),
    );
    for (const { start, min, max } of detail.parameters.row(row, 'updateNorm')) {
      expect(min).toBe(max);
      expect(Math.abs(min / start - 1)).toBeLessThan(0.002);
    }
  });

  it('says the same as its records, read again', () => {
    const { finer, run, records } = longRun();
    const range = { from: 1000, to: 1700 };
    const recorder = new DetailRecorder(run, range);
    for (const record of records) recorder.take(record);
    const read = recorder.histories.of('a');
    const kept = historyOf({ name: 'a', series: finer.seriesIn(range), ...finer.tablesIn(range, run.rows.value) });
    for (const name of ['loss', 'updateNorm', 'medianRatio', 'learningRate']) {
      const [a, b] = [read, kept].map(({ series }) =>
        series.get(name)!.buckets.map(({ start, mean }) => [start, mean]),
      );
      expect(a, name).toEqual(b);
    }
    expect(historyOf(recorder.histories.changesSince(0).runs[0]!).layers.row(1, 'updateRatio')).toEqual(
      kept.layers.row(1, 'updateRatio'),
    );
  });

  it('of a run that went back has no superseded step, nor have its records, read again', () => {
    const attempt = (from: number, to: number, value: number) =>
      Array.from({ length: to - from + 1 }, (_, i) => [
        stepEnd(from + i, value),
        updatesOf({ 'x/w': value }, { run: 'a', step: from + i }),
      ]).flat();
    const resumed = { type: 'resumed' as const, run: 'a', step: 30, epoch: 0.3, time: 2000 };
    const records: ShownRecord[] = [...attempt(1, 37, 5), resumed, ...attempt(31, 35, 1)];
    const finer = new FinerHistories();
    const recorder = new Recorder((name) => finer.of(name));
    for (const record of records) recorder.take(record);
    const run = recorder.histories.of('a');
    for (const [from, to] of [
      [1, 40],
      [33, 33],
      [35, 40],
    ] as const) {
      const range = { from, to };
      const tables = finer.of('a').tablesIn(range, run.rows.value);
      const kept = historyOf({ name: 'a', series: finer.of('a').seriesIn(range), ...tables });
      const detail = new DetailRecorder(run, { from, to: Math.min(to, run.state.value.step) });
      for (const record of records) detail.take(record);
      const steps = Array.from({ length: Math.min(to, 35) - from + 1 }, (_, i) => from + i);
      for (const history of [kept, detail.histories.of('a')]) {
        expect(history.series.get('loss')!.buckets.map(({ start, count, mean }) => [start, count, mean])).toEqual(
          steps.map((step) => [step, 1, step > 30 ? 1 : 5]),
        );
        expect(history.parameters.row(0, 'updateNorm').map(({ start, min, max }) => [start, min, max])).toEqual(
          steps.map((step) => (step > 30 ? [step, 1, 1] : [step, 5, 5])),
        );
      }
    }
  });

  it('keeps to its room: the tables of all runs together', () => {
    const bucket = 4 * 2 * 4 * 5; // three parameters and two layers
    const { finer, run } = longRun(100 * bucket);
    expect(finer.hasEveryRow).toBe(false);
    expect(finer.hasEveryValue).toBe(true);
    const { parameters } = finer.tablesIn({ from: 0, to: 5000 }, run.rows.value);
    expect(parameters!.buckets.length).toBeLessThanOrEqual(100);
    expect(parameters!.buckets.length).toBeGreaterThan(30);
  });

  it('knows any parameter and layer of a model that is too large to be shown one by one', () => {
    const finer = new FinerHistories();
    const recorder = new Recorder((name) => finer.of(name));
    const norms = Array.from({ length: 2000 }, (_, i): [string, number] => [
      `layer.${i >> 1}/${i % 2 ? 'b' : 'w'}`,
      i + 1,
    ]);
    const records = [1, 2, 3].map((step) => updatesOf(norms, { run: 'a', step }));
    for (const record of records) recorder.take(record);
    const run = recorder.histories.of('a');
    expect(run.rows.value.byLayer).toBe(true);
    expect(finer.of('a').names.parameters.length).toBe(2000);
    const wanted = ['layer.999/w', 'layer.3', 'nothing'];
    const range = { from: 2, to: 3 };
    const kept = historyOf({ name: 'a', series: [], ...finer.of('a').namedIn(range, wanted) });
    const detail = new DetailRecorder(run, range, { names: wanted });
    for (const record of records) detail.take(record);
    const read = historyOf(detail.histories.changesSince(0).runs[0]!);
    for (const history of [kept, read]) {
      expect(history.rows.value.parameters).toEqual(['layer.999/w', 'layer.3']);
      expect(history.rows.value.sizes).toEqual([4, 8]);
      const [parameter, layer] = [0, 1].map((row) => history.parameters.row(row, 'updateNorm'));
      expect(parameter!.map(({ start }) => start)).toEqual([2, 3]);
      expect(parameter![0]!.max / 1999).toBeCloseTo(1, 2);
      expect(layer![0]!.max / Math.hypot(7, 8)).toBeCloseTo(1, 2);
    }
  });

  it('gives histograms of a layer: those of its parameters together', () => {
    const counted = (counts: number[]) => ({ zeros: 1, nonFinite: 0, firstExponent: -3, counts });
    const histograms = { weight: [counted([1, 2]), counted([3]), counted([9])] };
    const record = { ...updatesOf({ 'x/w': 1, 'x/b': 1, 'y/w': 1 }, { run: 'a', step: 1 }), histograms };
    const recorder = new Recorder();
    recorder.take(record as unknown as ShownRecord);
    const detail = new DetailRecorder(recorder.histories.of('a'), { from: 0, to: 9 }, { names: ['x'] });
    detail.take(record as unknown as ShownRecord);
    const { latest } = detail.histories.of('a').histograms;
    expect(latest.value!.histograms.weight).toEqual([{ zeros: 2, nonFinite: 0, firstExponent: -3, counts: [4, 2] }]);
  });
});

describe('changes in pieces', () => {
  it('make the same history, series first, and each piece is small', () => {
    const recorder = new Recorder();
    const norms = Array.from({ length: 300 }, (_, i): [string, number] => [`layer.${i}/w`, 1 / (i + 1)]);
    for (const run of ['a', 'b']) {
      for (let step = 1; step <= 400; step++) {
        recorder.take(stepEnd(step, 1 / step, run));
        recorder.take(updatesOf(norms, { run, step }));
      }
    }
    const whole = recorder.histories.changesSince(0);
    const pieces = [...piecesOf(whole)];
    expect(pieces.length).toBeGreaterThan(10);
    expect(Math.max(...pieces.map((piece) => JSON.stringify(piece).length))).toBeLessThan(400_000);
    expect(pieces.map(({ from }) => from === 0)).toEqual(pieces.map((_, i) => i === 0));
    expect(pieces.at(-1)!.more).toBeUndefined();
    const seriesEnd = pieces.findIndex(({ more }) => more === 'tables');
    expect(pieces.slice(0, seriesEnd + 1).flatMap(({ runs }) => runs.map(({ name }) => name))).toEqual(['a', 'b']);
    const [atOnce, inPieces] = [new Histories(), new Histories()];
    atOnce.apply(wired(whole));
    for (const piece of pieces) inPieces.apply(wired(piece));
    expect(inPieces.changesSince(-1)).toEqual(atOnce.changesSince(-1));
  });

  it('are packed as they are asked for: the series of all runs before any table', () => {
    const recorder = new Recorder();
    for (const run of ['a', 'b']) {
      for (let step = 1; step <= 9; step++) {
        recorder.take(stepEnd(step, 1 / step, run));
        recorder.take(updatesOf({ 'layer/w': step }, { run, step }));
      }
    }
    const packing = vi.spyOn(ParameterTable.prototype, 'changesSince');
    const told = recorder.histories.piecesSince(0);
    const series = [told.next(), told.next()].map(({ value }) => value as Changes);
    expect(series.map(({ more }) => more)).toEqual(['series', 'tables']);
    expect(series.flatMap(({ runs }) => runs.map(({ name }) => name))).toEqual(['a', 'b']);
    expect(packing).not.toHaveBeenCalled();
    const pieces = [...series, ...told];
    expect(packing).toHaveBeenCalled();
    packing.mockRestore();
    const [atOnce, inPieces] = [new Histories(), new Histories()];
    atOnce.apply(wired(recorder.histories.changesSince(0)));
    for (const piece of pieces) inPieces.apply(wired(piece));
    expect(inPieces.changesSince(-1)).toEqual(atOnce.changesSince(-1));
  });

  it('tell of the parameters of those runs alone that are asked for', () => {
    const recorder = new Recorder();
    for (const run of ['a', 'b']) recorder.take(updatesOf({ w: 1 }, { run, step: 1 }));
    const { runs, tables } = recorder.histories.changesSince(0, new Map([['b', 0]]));
    expect(tables).toEqual(['b']);
    expect(runs.map(({ name, rows, parameters }) => [name, rows?.parameters, parameters?.buckets.length])).toEqual([
      ['a', undefined, undefined],
      ['b', ['w'], 1],
    ]);
    const page = new Histories();
    page.apply(wired(recorder.histories.changesSince(0)));
    page.of('a').forgetTables();
    expect(page.of('a').rows.value.parameters).toEqual([]);
    expect(page.of('a').parameters.starts).toEqual([]);
    expect(page.of('a').series.get('updateNorm')!.buckets.length).toBe(1);
  });
});
