import { describe, expect, it } from 'vitest';
import { isPoint } from '../../../../src/page/client/curves/line-chart.js';
import { lineTable } from '../../../../src/page/client/curves/line-table.js';
import { parameterLine, seriesLine } from '../../../../src/page/client/curves/lines.js';
import { Recorder } from '../../../../src/page/history/recorder.js';
import { updatesOf } from '../../../helpers/updates.js';

const LOOK = { label: 'loss', color: '#000000' };

function runWith(steps: readonly (readonly [step: number, value: number])[]) {
  const recorder = new Recorder();
  for (const [step, loss] of steps) {
    const at = { run: 'a', step, epoch: 0, time: step };
    recorder.take({ type: 'step-end', ...at, loss, learningRate: 1, durationMs: 1, examples: 1, observingMs: 0 } as {
      type: string;
    });
    recorder.take(updatesOf({ w: loss }, { run: 'a', step }));
  }
  return recorder.histories.of('a');
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('a line', () => {
  it.each([
    ['a series', (run: ReturnType<typeof runWith>) => seriesLine(run, 'loss', LOOK)!],
    [
      'a parameter',
      (run: ReturnType<typeof runWith>) => parameterLine(run, { history: run, row: 0 }, 'updateNorm', LOOK),
    ],
  ])('of %s ends where it is no number, and where something is missing', (_, lineOf) => {
    const finite = [...range(1, 10), ...range(13, 20), ...range(200, 210)];
    const said = [...finite.map((step) => [step, 2] as const), [11, Number.NaN] as const, [12, Infinity] as const];
    const line = lineOf(runWith(said.sort(([a], [b]) => a - b)));
    const gaps = line.points.filter((point) => !isPoint(point)).map(({ x }) => x);
    expect(gaps).toEqual([11, 12, 110]);
    expect(line.nonFinite).toEqual([11, 12]);
    expect(line.points.map(({ x }) => x)).toEqual([...range(1, 20), 110, ...range(200, 210)]);
    expect(line.points.filter(isPoint).map(({ x }) => x)).toEqual(finite);
  });

  it('has no gap where a metric is measured now and then', () => {
    const line = seriesLine(runWith(range(1, 30).map((i) => [10 * i, i])), 'loss', LOOK)!;
    expect(line.points.every(isPoint)).toBe(true);
  });

  it('is none where nothing is left of a series', () => {
    const run = runWith([[5, 1]]);
    run.goOn({ step: 3, time: 0 }, 100);
    expect(seriesLine(run, 'loss', LOOK)).toBeUndefined();
  });
});

describe('the numbers of a chart', () => {
  it('are to seven digits, every one of them, and of its step', () => {
    const steps = range(1, 1000).map((step) => [step, 1 / 3 + step / 1e6] as const);
    const run = runWith([...steps, [1001, Number.NaN]].slice(1) as (readonly [number, number])[]);
    const { head, rows, note } = lineTable([seriesLine(run, 'loss', LOOK)!]);
    expect([head, note]).toEqual([['Step', 'loss'], undefined]);
    expect(rows).toEqual([
      ...steps.slice(1).map(([step, value]) => [`${step}`, `${Number(value.toPrecision(7))}`]),
      ['1001', 'not a number'],
    ]);
  });

  it('say what they are of where steps are drawn together', () => {
    const line = seriesLine(runWith(range(1, 1500).map((step) => [step, step])), 'loss', LOOK)!;
    const { rows, note } = lineTable([line]);
    expect(rows.length).toBe(line.points.length);
    expect(rows[1]).toEqual(['2.5', '2.5 (2 – 3)']);
    expect(note).toMatch(/drawn together/);
    const late = seriesLine(runWith([[123_456_789, 0.5]]), 'loss', LOOK)!;
    expect(lineTable([late]).rows).toEqual([['123456789', '0.5']]);
  });
});
