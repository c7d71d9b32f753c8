/**
 * What each sink takes of a step, for a model of 200 parameters with all default statistics, in microseconds and against
 * `JSON.stringify` of the same numbers; and what all sinks together take of a step of the main job.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { merge } from 'rxjs';
import { consoleSink, type ParameterUpdates, parameterUpdates, type Sink, type StepEndEvent } from 'trainscope';
import { csvSink, jsonlSink, liveSink, parquetSink, reportSink, tensorboardSink } from 'trainscope/node';
import { metricViews, otelSink } from 'trainscope/otel';
import { instrument, selectBackend } from 'trainscope/tfjs';
import { madeUpStep } from './made-up-steps.js';
import { bertProblem } from './problems/bert.js';
import { quick } from './quick.js';
import { median, table } from './report.js';

const STEPS = quick ? 20 : 500;
const ROUNDS = quick ? 1 : 5;

type Taken = ParameterUpdates | StepEndEvent;
/** Every sink takes these two. */
type AnySink = Pick<Sink<Taken>, 'next' | 'complete' | 'flush' | 'closed'>;

/** Collects when told to, as a scrape does. */
class Scrapes extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

const nowhere = { write: () => true, isTTY: false };

const SINKS: Readonly<Record<string, (folder: string) => AnySink>> = {
  'consoleSink, lines': () => consoleSink({ output: nowhere }),
  'consoleSink, table': () =>
    consoleSink({ style: 'table', output: { ...nowhere, isTTY: true, columns: 120, rows: 50 } }),
  'csvSink, wide': (folder) => updatesOnly(csvSink(join(folder, 'wide.csv'))),
  'csvSink, long': (folder) => updatesOnly(csvSink(join(folder, 'long.csv'), { layout: 'long' })),
  jsonlSink: (folder) => jsonlSink(join(folder, 'run.jsonl')),
  // Two whole files of all steps, so that writing them is in the time.
  parquetSink: (folder) => updatesOnly(parquetSink(join(folder, 'parquet'), { rowsPerPart: (STEPS * 200) / 2 })),
  tensorboardSink: (folder) => tensorboardSink(join(folder, 'tensorboard')),
  otelSink: () =>
    otelSink({ meterProvider: new MeterProvider({ readers: [new Scrapes()], views: metricViews(5000) }) }),
  reportSink: (folder) => reportSink(join(folder, 'report.html')),
  liveSink: () => {
    const live = liveSink();
    void live.closed.then(() => live.stop());
    return live;
  },
};

function updatesOnly(sink: Sink<ParameterUpdates>): AnySink {
  return { ...sink, next: (record) => record.type === 'parameter-updates' && sink.next(record) };
}

/** Microseconds a step of whatever takes them. */
function time(take: (record: Taken) => void, steps: readonly (readonly [ParameterUpdates, StepEndEvent])[]): number {
  const begin = performance.now();
  for (const records of steps) for (const record of records) take(record);
  return ((performance.now() - begin) * 1000) / steps.length;
}

function bytesOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function costOfEach(): Promise<string> {
  const steps = Array.from({ length: STEPS }, (_, i) => madeUpStep(i + 1, 100));
  let length = 0;
  const plain = median(
    Array.from({ length: ROUNDS }, () =>
      time((record) => {
        length += JSON.stringify(record, (_, value) =>
          value instanceof Float64Array ? Array.from(value) : value,
        ).length;
      }, steps),
    ),
  );
  if (length === 0) throw new Error('nothing was written');
  const rows = [['JSON.stringify, kept nowhere', plain.toFixed(0), '1.00', '']];
  for (const [name, make] of Object.entries(SINKS)) {
    const times: number[] = [];
    let bytes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const folder = mkdtempSync(join(tmpdir(), 'trainscope-'));
      const sink = make(folder);
      times.push(time((record) => sink.next(record), steps));
      sink.complete();
      await sink.closed;
      bytes = bytesOf(folder);
      rmSync(folder, { recursive: true });
    }
    const cost = median(times);
    const kilobytes = bytes === 0 ? '' : (bytes / STEPS / 1000).toFixed(1);
    rows.push([name, cost.toFixed(0), (cost / plain).toFixed(2), kilobytes]);
    console.error(rows.at(-1)?.join('  '));
  }
  return table(['sink, 200 parameters × 7 statistics', 'µs a step', 'against JSON.stringify', 'kB a step'], rows);
}

/** A step of the main job with all sinks on it, over one with none. */
async function costOfAll(): Promise<string> {
  await selectBackend('wasm');
  const [seeds, steps] = quick ? [1, 1] : [10, 6];
  const ratios: number[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const problem = await bertProblem(seed);
    const run = () => {
      const begin = performance.now();
      for (let i = 0; i < steps; i++) problem.step();
      return (performance.now() - begin) / steps;
    };
    problem.step();
    const plain: number[] = [];
    const observed: number[] = [];
    for (let round = 0; round < 2; round++) {
      if ((seed + round) % 2 === 0) plain.push(run());
      observed.push(await withAllSinks(problem, run));
      if ((seed + round) % 2 === 1) plain.push(run());
    }
    ratios.push(Math.min(...observed) / Math.min(...plain));
    console.error(ratios.at(-1)?.toFixed(3));
    problem.dispose();
  }
  const row = [
    'BERT 2 × 128, batch 16',
    'wasm',
    ...[median(ratios), Math.min(...ratios), Math.max(...ratios)].map((r) => r.toFixed(3)),
  ];
  return table(
    [
      'training step',
      'backend',
      `all ${Object.keys(SINKS).length} sinks / none (median of ${seeds} seeds)`,
      'least',
      'most',
      'at most',
    ],
    [[...row, '1.05']],
  );
}

async function withAllSinks(problem: Awaited<ReturnType<typeof bertProblem>>, run: () => number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-'));
  const training = instrument(problem.optimizer, { run: 'bench' });
  const records$ = merge(training.events$, training.events$.pipe(parameterUpdates()));
  for (const make of Object.values(SINKS)) training.attach(records$, make(folder) as Sink<unknown>);
  problem.step(); // the first step writes headers and compiles
  const ms = run();
  training.unhook();
  const errors = await training.close();
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('; '));
  rmSync(folder, { recursive: true });
  return ms;
}

console.log(`${await costOfEach()}\n\n${await costOfAll()}`);
