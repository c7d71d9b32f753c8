import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type AnyParameterUpdates, type ConsoleSinkOptions, consoleSink, type TrainingEvent } from '../../src/index.js';
import { shorten } from '../../src/sinks/console/format.js';
import { updates } from './updates.js';

const CONTEXT = { run: 'run', step: 3, epoch: 1, time: 3000 };

/** A terminal, or a pipe, that remembers what is on it; the clock stands until it is set. */
function setUp(options: ConsoleSinkOptions & { isTTY?: boolean; columns?: number; rows?: number } = {}) {
  let raw = '';
  let now = 0;
  const { isTTY = false, columns, rows, ...rest } = options;
  const output = {
    isTTY,
    columns,
    rows,
    write: (text: string) => {
      raw += text;
    },
  };
  const sink = consoleSink({ output, clock: () => now, ...rest });
  const next = (record: TrainingEvent | AnyParameterUpdates, time = now) => {
    now = time;
    sink.next(record);
  };
  return { sink, next, raw: () => raw, screen: () => screenOf(raw) };
}

const ESCAPE = String.fromCharCode(27);
const PIECE = new RegExp(`${ESCAPE}\\[\\d*[A-Z]|\\n|[^${ESCAPE}\\n]+`, 'g');
const CURSOR_UP = new RegExp(`${ESCAPE}\\[(\\d+)A`);

/** What a terminal shows after cursor-up and clear-below. */
function screenOf(raw: string): string[] {
  const lines = [''];
  for (const [part] of raw.matchAll(PIECE)) {
    const up = CURSOR_UP.exec(part);
    if (up) lines.splice(lines.length - 1 - Number(up[1]), lines.length, '');
    else if (part === '\n') lines.push('');
    else if (!part.startsWith('\u001b')) lines[lines.length - 1] += part;
  }
  return lines;
}

describe('consoleSink', () => {
  it('lines: as the tutorial prints them', () => {
    const { next, raw } = setUp();
    next(updates(1, { 'bert.pooler.dense.weight': [0.00123456789, 1], b: [Number.NaN, 1] }));
    expect(raw()).toBe('Parameter bert.pooler.dense.weight updated by: 0.00123456789\nParameter b updated by: NaN\n');
  });

  it('shows names as text, whatever they hold', () => {
    const { next, raw } = setUp();
    next(updates(1, { '\u001b[2Jevil\nname\u202e': [1, 1] }));
    expect(raw()).toBe('Parameter �[2Jevil�name� updated by: 1\n');
  });

  it('table: drawn in place in a terminal, with loss, rate and what the ratio means', () => {
    const { next, screen, sink } = setUp({ style: 'table', isTTY: true, columns: 100, rows: 30 });
    const row = (ratio: number) =>
      ({
        fast: [0.05, 1],
        healthy: [ratio, 1],
        slow: [1e-5, 1],
        still: [0, 1],
        bias: [0.01, 0],
        bad: [Number.NaN, 1],
      }) as const;
    next(updates(1, row(1e-3), { maxSteps: 10 }), 0);
    next(updates(2, row(2e-3), { maxSteps: 10 }), 1000);
    sink.complete();
    expect(screen()).toEqual([
      'step 2/10 ████░░░░░░░░░░░░░░░░ 20 %  epoch 0.20  loss 0.500  rate 1.00e-3  1.0 steps/s  0:08 left',
      'parameter  update norm  weight norm        ratio',
      'fast            0.0500         1.00       0.0500  fast',
      'healthy        2.00e-3         1.00      2.00e-3  healthy',
      'slow           1.00e-5         1.00      1.00e-5  slow',
      'still                0         1.00            0  still',
      'bias            0.0100            0          inf  from zero',
      'bad                NaN         1.00          NaN  exploding',
      '',
    ]);
  });

  it('table: shows the fastest and the slowest of many, and says how many are hidden', () => {
    const { next, screen, sink } = setUp({ style: 'table', isTTY: true, columns: 80, rows: 12 });
    const rows = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [
        `bert.encoder.layer.${i}.attention.self.query.weight`,
        [i * 1e-4, 1] as const,
      ]),
    );
    next(updates(1, rows));
    sink.complete();
    const shown = screen();
    expect(shown.length).toBeLessThanOrEqual(12);
    expect(shown.every((line) => line.length < 80)).toBe(true);
    expect(shown[2]).toMatch(/^b\.e\.l\.199\.a\.self\.query\.weight +0\.0199/);
    expect(shown.at(-2)).toBe('… 193 more between the fastest and the slowest above');
  });

  it('shortens names so that they still tell parameters apart, and never beyond the width', () => {
    const name = 'bert.encoder.layer.11.attention.output.LayerNorm.weight';
    expect(shorten(name, 60)).toBe(name);
    expect(shorten(name, 45)).toBe('b.e.l.11.attention.output.LayerNorm.weight');
    expect(shorten(name, 20)).toBe('b.e.l.11.a….L.weight');
    expect(shorten('a_name_of_one_segment', 9)).toBe('a_na…ment');
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'é', '😀', '.', '/', '1') }),
        fc.integer({ min: 1, max: 30 }),
        (text, width) => {
          expect([...shorten(text, width)].length).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  it('redraws at most every interval, and always the last step', () => {
    const { next, raw, screen, sink } = setUp({ style: 'progress', isTTY: true, columns: 100 });
    for (let step = 1; step <= 100; step++) next(updates(step, { a: [1, 1] }), step);
    expect(raw().split('\n').length - 1).toBe(1);
    sink.complete();
    expect(screen()[0]).toMatch(/^step 100 /);
  });

  it('in a pipe: plain rows, one an interval and the last, and no escape codes', () => {
    const { next, raw, sink } = setUp({ style: 'table' });
    for (let step = 1; step <= 10; step++)
      next(updates(step, { a: [1e-3, 1], b: [1e-2, 1] }, { maxSteps: 10 }), step * 500);
    sink.complete();
    expect(raw()).not.toContain('\u001b');
    expect(raw().trimEnd().split('\n')).toEqual([
      'update ratio:   least   median     most',
      '              1.00e-3   0.0100   0.0100  step 1/10 10 %  epoch 0.10  loss 1.00  rate 1.00e-3',
      '              1.00e-3   0.0100   0.0100  step 5/10 50 %  epoch 0.50  loss 0.200  rate 1.00e-3  1.0 steps/s  0:05 left',
      '              1.00e-3   0.0100   0.0100  step 9/10 90 %  epoch 0.90  loss 0.111  rate 1.00e-3  1.0 steps/s  0:01 left',
      '              1.00e-3   0.0100   0.0100  step 10/10 100 %  epoch 1.00  loss 0.100  rate 1.00e-3  1.0 steps/s',
    ]);
  });

  it('keeps evaluations, alerts, control and sink errors above what it draws', () => {
    const { next, screen, sink } = setUp({ style: 'progress', isTTY: true, columns: 100 });
    next(updates(2, { a: [1, 1] }), 0);
    next({
      type: 'evaluate',
      ...CONTEXT,
      metrics: { accuracy: 0.8412345, learning_rate: 5e-5, samples_per_second: 16670.4, n: 3 },
    });
    next({
      type: 'alert',
      ...CONTEXT,
      rule: 'r',
      severity: 'error',
      message: 'a explodes',
      phase: 'begin',
      firstStep: 2,
    });
    next({
      type: 'alert',
      ...CONTEXT,
      rule: 'r',
      severity: 'error',
      message: 'a is over',
      phase: 'end',
      firstStep: 2,
    });
    next({ type: 'control', ...CONTEXT, command: { kind: 'stop' }, source: 'stopOnAlert', message: 'stopped' });
    next({ type: 'sink-error', ...CONTEXT, sink: 's', message: 's failed', cause: undefined });
    next({ type: 'epoch-end', ...CONTEXT });
    next(updates(4, { a: [1, 1] }), 5000);
    sink.complete();
    expect(screen()).toEqual([
      'epoch 1.00  evaluation  accuracy 0.8412  learning_rate 5e-5  samples_per_second 16670  n 3',
      'step 3  error: a explodes',
      'step 3  a is over',
      'step 3  stopOnAlert: stopped',
      'step 3  s failed',
      'step 4  epoch 0.40  loss 0.250  rate 1.00e-3  1.0 steps/s',
      '',
    ]);
  });

  it('says why a training ended early, in every style, and nothing of one that ended as planned', () => {
    for (const style of ['lines', 'table', 'progress'] as const) {
      const { next, raw, sink } = setUp({ style });
      next({ type: 'train-end', ...CONTEXT, status: 'completed' });
      next({ type: 'train-end', ...CONTEXT, status: 'stopped', reason: 'earlyStopping: no better for 3' });
      next({ type: 'train-end', ...CONTEXT, status: 'failed', reason: 'out of\n\u001b[2Jmemory' });
      next({ type: 'train-end', ...CONTEXT, status: 'failed' });
      next({ type: 'train-end', ...CONTEXT } as TrainingEvent); // of a file of before
      sink.complete();
      expect(raw()).toBe(
        'training stopped at step 3: earlyStopping: no better for 3\n' +
          'training failed at step 3: out of��[2Jmemory\n' +
          'training failed at step 3\n',
      );
    }
  });

  it('takes events alone: progress from step-end, its length from train-begin', async () => {
    const { next, screen, sink } = setUp({ style: 'progress', isTTY: true, columns: 100 });
    next({ type: 'train-begin', ...CONTEXT, maxSteps: 4, numEpochs: 2 });
    next({ type: 'step-end', ...CONTEXT, loss: 0.5, learningRate: 0.1, durationMs: 1, examples: 1, observingMs: 0 });
    sink.complete();
    await sink.closed;
    expect(screen()[0]).toBe('step 3/4 ███████████████░░░░░ 75 %  epoch 1.00/2  loss 0.500  rate 0.100');
  });

  it('counts no time between two trainings as that of steps', () => {
    const { next, screen, sink } = setUp({ style: 'progress', isTTY: true, columns: 100 });
    const end = (step: number, time: number) =>
      ({
        type: 'step-end',
        ...CONTEXT,
        step,
        time,
        loss: 0.5,
        learningRate: 0.1,
        durationMs: 1,
        examples: 1,
        observingMs: 0,
      }) as const;
    next(end(1, 1000), 0);
    next({ type: 'train-begin', ...CONTEXT, time: 3_600_000 });
    next(end(2, 3_600_000), 1000);
    next(end(3, 3_600_500), 2000);
    sink.complete();
    expect(screen()[0]).toMatch(/ 2\.0 steps\/s$/);
  });

  it('says a high speed in full', () => {
    const { next, screen, sink } = setUp({ style: 'progress', isTTY: true, columns: 100 });
    next(Object.assign(updates(1, { a: [1, 1] }), { time: 1000 }), 0);
    next(Object.assign(updates(5, { a: [1, 1] }), { time: 1003 }), 1000);
    sink.complete();
    expect(screen()[0]).toMatch(/ 1333 steps\/s$/);
  });

  it('refuses unknown options', () => {
    expect(() => consoleSink({ style: 'tabel' as 'table' })).toThrow(
      'style: expected one of lines, table, progress; got "tabel"',
    );
    expect(() => consoleSink({ statistic: 'norm' as 'updateNorm' })).toThrow(/statistic: expected one of updateNorm, /);
    expect(() => consoleSink({ top: 0 })).toThrow('top: expected a positive integer, got 0');
  });
});

describe('an output that takes nothing', () => {
  /** Takes what it is told to; the rest waits. */
  function stuckPipe() {
    let waiting = '';
    let taken = '';
    const output = {
      isTTY: false,
      write: (text: string) => {
        waiting += text;
      },
      on: () => {},
      off: () => {},
      get writableLength() {
        return waiting.length;
      },
    };
    const take = () => {
      taken += waiting;
      waiting = '';
    };
    return { output, take, taken: () => taken, waiting: () => waiting };
  }
  const LINES = 1_000;
  const wide = updates(1, Object.fromEntries(Array.from({ length: LINES }, (_, i) => [`parameter.${i}`, [1, 1]])));

  it('keeps a bounded text for it, and tells how many lines it left out', async () => {
    const pipe = stuckPipe();
    const sink = consoleSink({ output: pipe.output });
    for (let step = 0; step < 200; step++) sink.next(wide);
    expect(pipe.waiting().length).toBeGreaterThan(1024 * 1024);
    expect(pipe.waiting().length).toBeLessThan(1.1 * 1024 * 1024);
    pipe.take();
    const before = pipe.taken().split('\n').length - 1;
    sink.next(wide);
    pipe.take();
    const lines = pipe.taken().trimEnd().split('\n');
    expect(lines[before]).toBe(`… ${200 * LINES - before} lines were left out: the output took no more`);
    expect(lines).toHaveLength(before + 1 + LINES);
    await expect(sink.close()).rejects.toThrow(`${200 * LINES - before} lines were left out`);
  });
});

it('a clock that is set back stops nothing', () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  try {
    let raw = '';
    const write = (text: string) => {
      raw += text;
    };
    const sink = consoleSink({ style: 'progress', output: { isTTY: true, write } });
    sink.next(updates(1, { a: [1, 1] }));
    vi.advanceTimersByTime(1000);
    vi.setSystemTime(Date.now() - 3_600_000);
    sink.next(updates(2, { a: [1, 1] }));
    expect(screenOf(raw)[0]).toMatch(/^step 2 /);
  } finally {
    vi.useRealTimers();
  }
});
