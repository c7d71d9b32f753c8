import fc from 'fast-check';
import type { EventOf, TrainingEvent } from 'trainscope';

import { describe, expect, it } from 'vitest';
import { RunSummary } from '../../src/cli/summary/run-summary.js';
import { sparkline } from '../../src/cli/summary/sparkline.js';
import { jsonOfRun, jsonText } from '../../src/cli/summary/summary-json.js';
import { runLines } from '../../src/cli/summary/summary-text.js';
import { tableLines } from '../../src/cli/summary/table-text.js';
import { columnsOf, type Paint, paintFor } from '../../src/cli/terminal.js';
import { updatesOf } from '../helpers/updates.js';
import { event } from '../operators/fake-run.js';

describe('sparkline', () => {
  it.each([
    [[1, 2, 3, 4, 5, 6, 7, 8], 8, '▁▂▃▄▅▆▇█'],
    [[1, 1, 2, 2], 2, '▁█'],
    [[3, 3, 3], 9, '▅▅▅'],
    [[1e-4, 1e-3, 1e-2, 1e-1], 4, '▁▃▆█'],
    [[0, 5, Number.NaN, 10], 4, '▁▅×█'],
    [[Number.NaN], 4, '×'],
    [[], 4, ''],
  ])('%j in %i', (values, width, bars) => {
    expect(sparkline(values, width)).toBe(bars);
  });
});

describe('paintFor', () => {
  it('puts colour in a terminal only, and not where none is wanted', () => {
    const terminal = { isTTY: true, write: () => true };
    expect(paintFor(terminal, {})('red', 'x')).toBe('\u001b[31mx\u001b[0m');
    expect(paintFor(terminal, { NO_COLOR: '1' })('red', 'x')).toBe('x');
    expect(paintFor(terminal, { TERM: 'dumb' })('red', 'x')).toBe('x');
    expect(paintFor({ write: () => true }, {})('red', 'x')).toBe('x');
  });
});

const plain = { paint: paintFor({ write: () => true }), width: Infinity };

describe('a run', () => {
  it('comes down to its course, its last evaluation, and what was wrong', () => {
    const run = new RunSummary('first');
    for (const step of [1, 2]) {
      run.take(updatesOf({ a: step }, { step }));
      run.take(
        event('step-end', { step, epoch: step / 2, time: step * 60_000, loss: 1 / step, learningRate: Number.NaN }),
      );
    }
    run.take(event('evaluate', { step: 2, time: 120_000, metrics: { accuracy: 0.9 } }));
    const alert = { rule: 'r', step: 2, time: 120_000, message: 'it\u001b[2J explodes', firstStep: 1 } as const;
    run.take(event('alert', { ...alert, severity: 'warning', phase: 'begin' }));
    run.take(event('alert', { ...alert, severity: 'warning', phase: 'end', message: 'over' }));
    const lines = runLines(run, plain);
    expect(lines[0]).toMatch(/^first {2}2 steps, epoch 1\.00, .*, not ended$/);
    expect(lines[1]).toMatch(/^loss +1\.00 → 0\.500 +█▁$/);
    expect(lines.slice(2)).toEqual([
      'evaluation     accuracy 0.900  (step 2)',
      'alerts         1 warning',
      '               step 2, warning: it�[2J explodes',
    ]);
    run.take(event('train-end', { step: 2, status: 'completed' }));
    expect(runLines(run, plain)[0]).toMatch(/, completed$/);
    expect(runLines(run, plain)[0]).not.toContain('not ended');
    run.take(event('evaluate', { step: 2, metrics: { accuracy: 1 } }));
    expect(runLines(run, plain)[0]).not.toContain('not ended');
    run.take(event('train-begin', { step: 2 }));
    expect(runLines(run, plain)[0]).toContain('not ended');
  });

  it('says nothing of what a step of another program lacks', () => {
    const run = new RunSummary('first');
    const { loss: _, learningRate: __, ...step } = event('step-end', { step: 1 });
    run.take(step as TrainingEvent);
    expect(runLines(run, plain)).toHaveLength(1);
  });

  it('says how it ended, and why, where that was before its time', () => {
    const run = new RunSummary('first');
    const linesAfter = (end: Partial<EventOf<'train-end'>>) => {
      run.take({ ...event('step-end', { step: 7, loss: 1, learningRate: Number.NaN }), ...end } as TrainingEvent);
      return runLines(run, plain);
    };
    const end = { type: 'train-end', status: 'failed', reason: 'out of \u001b[2Jmemory' } as const;
    expect(linesAfter({})[0]).toMatch(/, not ended$/);
    const failed = linesAfter(end);
    expect(failed[0]).toMatch(/, failed$/);
    expect(failed[1]).toBe('failed         at step 7: out of �[2Jmemory');
    const colours = { ...plain, paint: paintFor({ isTTY: true, write: () => true }, {}) };
    expect(runLines(run, colours)[1]!.startsWith('\u001b[31m')).toBe(true);
    expect(linesAfter({ ...end, status: 'stopped', reason: 'stopOnAlert: NaN' })[1]).toBe(
      'stopped        at step 7: stopOnAlert: NaN',
    );
    run.take(event('train-begin', { step: 7 }));
    expect(runLines(run, plain).join()).not.toContain('stopOnAlert');
    const old = linesAfter({ type: 'train-end' });
    expect(old[0]).not.toMatch(/ended|finished|failed|completed/);
    expect(old).toHaveLength(2);
  });

  it('tells the worst of many alerts in their order, and how many more there were', () => {
    const run = new RunSummary('first');
    for (const [i, severity] of (['info', 'warning', 'error', 'warning', 'error', 'warning'] as const).entries()) {
      const at = { rule: 'r', step: i + 1, message: `m${i + 1}`, firstStep: 1, severity } as const;
      run.take(event('alert', { ...at, phase: 'begin' }));
    }
    expect(runLines(run, plain).slice(-5)).toEqual([
      'alerts         2 errors, 3 warnings, 1 info',
      '               step 2, warning: m2',
      '               step 3, error: m3',
      '               step 5, error: m5',
      '               and 3 more: trainscope report shows them all',
    ]);
  });

  it('goes on below where a terminal is narrow, word by word, and further left where a word needs it', () => {
    const run = new RunSummary('first');
    const message = `middle: 93.4 % of what it gives is saturated. ${'x'.repeat(40)} No gradient passes there.`;
    run.take(event('alert', { rule: 'r', step: 4, message, firstStep: 1, severity: 'error', phase: 'begin' }));
    expect(runLines(run, { ...plain, width: 60 }).slice(-5)).toEqual([
      'alerts         1 error',
      '               step 4, error: middle: 93.4 % of what it',
      '               gives is saturated.',
      `               ${'x'.repeat(40)} No`,
      '               gradient passes there.',
    ]);
    expect(runLines(run, { ...plain, width: 46 }).slice(-4)).toEqual([
      '      step 4, error: middle: 93.4 % of what it',
      '      gives is saturated.',
      `      ${'x'.repeat(40)}`,
      '      No gradient passes there.',
    ]);
  });

  it('keeps the name and the value of a metric together', () => {
    const run = new RunSummary('first');
    run.take(event('evaluate', { step: 20, metrics: { eval_accuracy: 0.5, eval_precision: 0.25 } }));
    expect(runLines(run, { ...plain, width: 40 }).slice(-3)).toEqual([
      'evaluation     eval_accuracy 0.500',
      '               eval_precision 0.250',
      '               (step 20)',
    ]);
  });

  it('takes the loss of updates where there are no step ends', () => {
    const run = new RunSummary('first');
    run.take(updatesOf({ a: 1 }, { loss: 3 }));
    expect(run.losses).toEqual([3]);
    expect(run.parameters.statistic).toBe('updateRatio');
  });
});

describe('the table', () => {
  const series = [
    { name: 'slow.weight', steps: [1, 2], values: [1e-3, 1e-5] },
    { name: 'broken.weight', steps: [1, 2], values: [1e-3, Number.NaN] },
    { name: 'fast.weight', steps: [1, 2], values: [1e-3, 5e-2] },
  ];

  it('marks what a ratio means', () => {
    const marks = tableLines(series, 'updateRatio', plain).map((line) => line.split(' ').at(-1));
    expect(marks).toEqual(['ratio', 'slow', 'exploding', 'fast']);
  });

  it('shows the fastest where not all are wanted, and says how many it left out', () => {
    const lines = tableLines(series, 'updateRatio', { ...plain, top: 2 });
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['parameter', 'broken.weight', 'fast.weight', '…']);
    expect(lines.at(-1)).toBe('… 1 slower one left out');
  });

  it('says what moved from zero, and does not take it for the most', () => {
    const bias = [{ name: 'bias', steps: [1, 2, 3], values: [Infinity, 0.5, 0.25] }];
    expect(tableLines(bias, 'updateRatio', plain)[1]!.split(/ {2,}/).slice(0, 5)).toEqual([
      'bias',
      'from zero',
      '0.250',
      '0.250',
      '0.500',
    ]);
  });

  it('leaves out the extremes, then the first, then the course, where a terminal is narrow', () => {
    const long = [{ name: 'encoder.layer.11.weight', steps: [1, 2], values: [1e-3, 2e-3] }];
    const at = (width: number) =>
      tableLines(long, 'updateRatio', { ...plain, width })[0]!
        .split(/ {2,}/)
        .slice(1);
    expect(at(100)).toEqual(['first', 'last', 'least', 'most', 'update ratio']);
    expect(at(80)).toEqual(['first', 'last', 'update ratio']);
    expect(at(60)).toEqual(['last', 'update ratio']);
    expect(at(44)).toEqual(['last']);
  });

  it('fits any width, whatever there is to be told, in colours or not', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '.', '/', '層', 'é', 'e\u0301', '😀'), maxLength: 70 });
    const sentence = fc.array(word, { maxLength: 8 }).map((words) => words.join(' '));
    const paint: Paint = paintFor({ isTTY: true, write: () => true }, {});
    fc.assert(
      fc.property(word, sentence, fc.integer({ min: 30, max: 130 }), fc.boolean(), (name, message, width, isRatio) => {
        const run = new RunSummary(message);
        const step = { step: 120_000, epoch: 1e3, time: 9e9, loss: 1e-10, learningRate: 1e-10 };
        run.take(event('step-end', { ...step, time: 0, loss: 1e10 }));
        run.take(event('step-end', step));
        run.take(event('evaluate', { ...step, metrics: { [name]: 1e-10, other: 1 } }));
        run.take(event('alert', { rule: 'r', step: 4, message, firstStep: 1, severity: 'error', phase: 'begin' }));
        run.take({ type: 'sink-error', run: 'x', step: 1, epoch: 1, time: 1, sink: 's', message } as never);
        const series = [{ name, steps: [1, 2, 3], values: [Infinity, 1e-10, 1e-300] }];
        const options = { paint, width };
        for (const line of [...runLines(run, options), ...tableLines(series, isRatio ? 'updateRatio' : 'x', options)]) {
          expect([line, columnsOf(line) <= width]).toEqual([line, true]);
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('shortens names to the width of a terminal', () => {
    const long = [{ name: `bert.${'x'.repeat(100)}.weight`, steps: [1], values: [1] }];
    for (const line of tableLines(long, 'updateRatio', { ...plain, width: 100 }))
      expect([...line].length).toBeLessThanOrEqual(100);
  });
});

it('JSON has null for a loss of NaN, and says that it is one', () => {
  const run = new RunSummary('first');
  for (const [i, loss] of [1, Number.NaN].entries()) run.take(event('step-end', { step: i + 1, loss }));
  const { runs, $ } = JSON.parse(jsonText({ runs: [jsonOfRun(run, {})] }));
  expect([runs[0].loss, $]).toEqual([{ first: 1, last: null }, [['NaN', 'runs', 0, 'loss', 'last']]]);
});
