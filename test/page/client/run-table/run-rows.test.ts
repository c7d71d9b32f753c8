import { expect, test } from 'vitest';
import {
  bestIn,
  filteredRows,
  groupedRows,
  isLessBetter,
  meanIn,
  runRows,
  tellsApart,
} from '../../../../src/page/client/run-table/run-rows.js';
import { type AnyRecord, Recorder } from '../../../../src/page/history/recorder.js';

const RUNS = [
  ['a', { rate: 0.1, optimizer: 'adam', seed: 1 }, [0.9, 0.5, 0.7], [0.2, 0.6, 0.4]],
  ['b', { rate: 0.01, optimizer: 'adam', seed: 1 }, [0.8, 0.4], [0.3, 0.9]],
  ['c', { rate: 0.01, optimizer: 'sgd', seed: 1 }, [Number.NaN], []],
] as const;

function rowsOf() {
  const recorder = new Recorder();
  for (const [run, config, losses, accuracies] of RUNS) {
    const at = { run, step: 0, epoch: 0, time: 1 };
    recorder.take({ type: 'train-begin', ...at, config } as AnyRecord);
    const end = { learningRate: 0.1, durationMs: 1, examples: 1, observingMs: 0 };
    for (const [i, loss] of losses.entries()) {
      recorder.take({ type: 'step-end', ...at, step: i + 1, loss, ...end } as AnyRecord);
    }
    for (const [i, accuracy] of accuracies.entries()) {
      recorder.take({ type: 'evaluate', ...at, step: i + 1, metrics: { accuracy } } as AnyRecord);
    }
  }
  recorder.take({ type: 'train-end', run: 'c', step: 1, epoch: 0, time: 2, status: 'failed' } as AnyRecord);
  return runRows([...recorder.histories.runs.values()]);
}

const names = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name).join('');

test('a row has facts, settings, and the last and the best of each metric', () => {
  const { columns, rows } = rowsOf();
  expect(columns.map(({ title, differs }) => [title, differs])).toEqual([
    ['Run', false],
    ['State', false],
    ['Steps', false],
    ['rate', true],
    ['optimizer', true],
    ['loss', false],
    ['least loss', false],
    ['eval/accuracy', false],
    ['greatest eval/accuracy', false],
    ['seed', false],
  ]);
  expect(rows.map(({ values }) => [...values.values()])).toEqual([
    ['a', 'running', 3, 0.1, 'adam', 1, 0.7, 0.5, 0.4, 0.6],
    ['b', 'running', 2, 0.01, 'adam', 1, 0.4, 0.4, 0.9, 0.9],
    ['c', 'failed', 1, 0.01, 'sgd', 1, Number.NaN, undefined, undefined, undefined],
  ]);
});

test('the best of all runs is the least loss, the greatest accuracy', () => {
  const { columns, rows } = rowsOf();
  const best = (title: string) => bestIn(columns.find((column) => column.title === title)!, rows);
  expect([best('least loss'), best('greatest eval/accuracy'), best('loss')]).toEqual([0.4, 0.9, 0.4]);
});

test('a text of each run’s own says which run it is: it comes behind the metrics, and explains nothing', () => {
  const recorder = new Recorder();
  for (const run of ['a', 'b', 'c']) {
    const config = { runName: run, folder: `out/${run}`, rate: run === 'a' ? 1 : 2, seed: run.charCodeAt(0) };
    recorder.take({ type: 'train-begin', run, step: 0, epoch: 0, time: 1, config } as AnyRecord);
    recorder.take({ type: 'evaluate', run, step: 1, epoch: 0, time: 2, metrics: { f1: 0.5 } } as AnyRecord);
  }
  const others = runRows([...recorder.histories.runs.values()]).columns.filter(({ kind }) => kind !== 'fact');
  expect(others.map((column) => [column.title, tellsApart(column)])).toEqual([
    ['rate', true],
    ['seed', true],
    ['eval/f1', false],
    ['greatest eval/f1', false],
    ['folder', false],
  ]);
});

test.each([
  ['loss', true],
  ['metric:eval/rmse', true],
  ['metric:log/perplexity', true],
  ['metric:eval/accuracy', false],
  ['metric:eval/glossary', false],
  ['metric:eval/val_loss', true],
  ['metric:log/meanSquaredError', true],
  ['metric:eval/f1', false],
])('less of %s is better: %s', (metric, isLess) => {
  expect(isLessBetter(metric)).toBe(isLess);
});

test.each([
  ['', 'abc'],
  ['A', 'a'],
  ['[ab]', 'ab'],
  ['rate=0.01', 'bc'],
  ['rate != 0.01', 'a'],
  ['optimizer = sgd', 'c'],
  ['eval/accuracy > 0.5', 'b'],
  ['loss<0.5', 'b'],
  ['State=failed', 'c'],
  ['unknown=1', ''],
])('a filter of %j leaves %s', (text, left) => {
  expect(names(filteredRows(rowsOf(), text).rows)).toBe(left);
});

test('a filter that is no expression says why', () => {
  expect(filteredRows(rowsOf(), '/(/').error).toContain('Invalid regular expression');
});

test('runs are grouped by a setting, with the means of each group', () => {
  const { rows } = rowsOf();
  const groups = groupedRows(rows, 'setting:rate');
  expect(groups.map(({ value, rows: members }) => [value, names(members), meanIn('step', members)])).toEqual([
    [0.01, 'bc', 1.5],
    [0.1, 'a', 3],
  ]);
  expect(meanIn('last:loss', groups[0]!.rows)).toBeCloseTo(0.4);
  expect(groupedRows(rows, undefined).map(({ rows: members }) => names(members))).toEqual(['abc']);
});
