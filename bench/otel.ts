/**
 * What telemetry costs: the sink a step and a collection, by the number of parameters; and a whole training step with
 * metrics on their way, whatever becomes of them.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { merge } from 'rxjs';
import { createParameterUpdates, type DefaultStatistic, type ParameterUpdates, parameterUpdates } from 'trainscope';
import { type MetricsOptions, startMetrics, type TrainingMetricsSetup } from 'trainscope/otel';
import { instrument, selectBackend } from 'trainscope/tfjs';
import type { Problem } from './overhead.js';
import { bertProblem } from './problems/bert.js';
import { mlpProblem } from './problems/mlp.js';
import { quick } from './quick.js';
import { median, table } from './report.js';

const SIZES = quick ? [6, 600] : [6, 600, 5_000, 50_000];
const SINK_STEPS = quick ? 20 : 500;
const SCRAPES = quick ? 2 : 10;

/** Metrics of a model of so many parameters, two a layer: the cost of a step to the sink, and of a page to a scraper. */
async function costOf(parameters: number, detail: 'auto' | 'parameters'): Promise<string[]> {
  const metrics = await startMetrics({ exporter: 'prometheus', port: 0, detail });
  metrics.alerts$.subscribe(() => {});
  const stepOf = measuredSteps(parameters);
  for (let step = 1; step <= 20; step++) metrics.sink.next(stepOf(step));
  const steps = Array.from({ length: SINK_STEPS }, (_, i) => stepOf(21 + i));
  const begin = performance.now();
  for (const step of steps) metrics.sink.next(step);
  const stepMs = (performance.now() - begin) / SINK_STEPS;
  const scrapeMs: number[] = [];
  let page = '';
  for (let i = 0; i < SCRAPES; i++) {
    metrics.sink.next(stepOf(1_000 + i));
    const asked = performance.now();
    page = await (await fetch(metrics.url!)).text();
    scrapeMs.push(performance.now() - asked);
  }
  await metrics.finish();
  if (page.includes('otel_metric_overflow')) throw new Error(`${parameters} parameters overflow`);
  const series = page.split('\n').filter((line) => line && !line.startsWith('#')).length;
  return [
    parameters.toLocaleString('en'),
    detail,
    (stepMs * 1e3).toFixed(0),
    median(scrapeMs).toFixed(1),
    series.toLocaleString('en'),
    (page.length / 1e6).toFixed(2),
    (page.length / series).toFixed(0),
  ];
}

function measuredSteps(parameters: number): (step: number) => ParameterUpdates<DefaultStatistic> {
  const names = Array.from({ length: parameters }, (_, i) => `encoder/layer_${i >> 1}/${i % 2 ? 'bias' : 'kernel'}`);
  const sizes = names.map(() => 4);
  const column = (scale: number, step: number) => Float64Array.from(names, (_, i) => scale * (1 + ((i + step) % 7)));
  return (step) =>
    createParameterUpdates<DefaultStatistic>({
      run: 'run',
      step,
      epoch: step / 100,
      time: Date.now(),
      loss: 1 / step,
      learningRate: 1e-3,
      names,
      sizes,
      columns: {
        updateNorm: column(1e-3, step),
        weightNorm: column(1, step),
        updateRatio: column(1e-3, step),
        gradientNorm: column(1e-2, step),
        maxAbsUpdate: column(1e-4, step),
        unchanged: new Float64Array(parameters),
        nonFinite: new Float64Array(parameters),
      },
      histograms: {},
    });
}

interface Case {
  readonly name: string;
  readonly make: (seed: number) => Promise<Problem>;
  /** Steps a measurement. */
  readonly steps: number;
}

const CASES: readonly Case[] = quick
  ? [{ name: 'MLP, 4-64-64-3, batch 32', make: mlpProblem, steps: 5 }]
  : [
      { name: 'MLP, 4-64-64-3, batch 32', make: mlpProblem, steps: 200 },
      { name: 'BERT 2 × 128, batch 16', make: bertProblem, steps: 10 },
    ];

/** Where metrics go while a step is timed. The other end runs in this process, so its work is in the figure too. */
const ROADS: Readonly<Record<string, (ends: Ends) => MetricsOptions>> = {
  'Prometheus, scraped every second': () => ({ exporter: 'prometheus', port: 0 }),
  'OTLP every second': ({ answering }) => ({ exporter: 'otlp', url: answering }),
  'OTLP every second, every step': ({ answering }) => ({ exporter: 'otlp', url: answering, everyStep: true }),
  'OTLP, nobody there': ({ nobody }) => ({ exporter: 'otlp', url: nobody }),
  'OTLP, no answer': ({ silent }) => ({ exporter: 'otlp', url: silent }),
};

const SEEDS = quick ? 1 : 5;

/** Ratios of a step with metrics to one without, by road. Each turn takes every road, so that a drift hits all. */
async function ratiosOf({ make, steps }: Case, ends: Ends): Promise<ReadonlyMap<string, readonly number[]>> {
  const ratios = new Map(Object.keys(ROADS).map((road) => [road, [] as number[]]));
  for (let seed = 0; seed < SEEDS; seed++) {
    const problem = await make(seed);
    await time(problem, 2);
    const least = new Map<string, number>();
    const keep = (road: string, ms: number) => least.set(road, Math.min(ms, least.get(road) ?? Infinity));
    for (let round = 0; round < 2; round++) {
      keep('plain', await time(problem, steps));
      for (const [road, optionsOf] of Object.entries(ROADS))
        keep(road, await timeObserved(problem, steps, optionsOf(ends)));
    }
    for (const [road, list] of ratios) list.push(least.get(road)! / least.get('plain')!);
    problem.dispose();
  }
  return ratios;
}

/** Between two steps the loop yields, as it must for a scrape or an export, with metrics and without. */
async function time(problem: Problem, steps: number): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < steps; i++) {
    problem.step();
    await new Promise(setImmediate);
  }
  return (performance.now() - begin) / steps;
}

async function timeObserved(problem: Problem, steps: number, options: MetricsOptions): Promise<number> {
  const metrics = await startMetrics({ ...options, intervalMs: 1_000, timeoutMs: 1_000, finishTimeoutMs: 100 });
  metrics.alerts$.subscribe(() => {});
  const training = instrument(problem.optimizer);
  training.attach(merge(training.events$, training.events$.pipe(parameterUpdates())), metrics.sink);
  const scraping = scrapeEverySecond(metrics);
  const ms = await time(problem, steps);
  clearInterval(scraping);
  training.unhook();
  await training.close();
  await metrics.finish();
  return ms;
}

function scrapeEverySecond({ url }: TrainingMetricsSetup): NodeJS.Timeout | undefined {
  if (!url?.endsWith('/metrics') || url.endsWith('/v1/metrics')) return undefined;
  return setInterval(() => void fetch(url).then((page) => page.text()), 1_000);
}

/** Other ends of OTLP: one that takes all, one that takes all and says nothing, and a port where nobody is. */
interface Ends {
  readonly answering: string;
  readonly silent: string;
  readonly nobody: string;
}

async function withEnds<T>(use: (ends: Ends) => Promise<T>): Promise<T> {
  const servers = [true, false].map((answers) =>
    createServer((request, response) => {
      request.resume();
      if (answers) request.on('end', () => response.end());
    }),
  );
  const gone = createServer();
  const [answering, silent, nobody] = await Promise.all(
    [...servers, gone].map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`;
    }),
  );
  gone.close();
  try {
    return await use({ answering: answering!, silent: silent!, nobody: nobody! });
  } finally {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

async function run(): Promise<string> {
  const costs: string[][] = [];
  for (const parameters of SIZES) {
    for (const detail of ['parameters', 'auto'] as const) {
      costs.push(await costOf(parameters, detail));
      console.error(costs.at(-1)?.join('  '));
      await wait(10);
    }
  }
  const rows: string[][] = [];
  await selectBackend('wasm');
  await withEnds(async (ends) => {
    for (const problem of CASES) {
      for (const [road, ratios] of await ratiosOf(problem, ends)) {
        rows.push([
          problem.name,
          road,
          median(ratios).toFixed(3),
          Math.min(...ratios).toFixed(3),
          Math.max(...ratios).toFixed(3),
        ]);
        console.error(rows.at(-1)?.join('  '));
      }
    }
  });
  return [
    'The sink alone, with three gauges a parameter and their layers; a scrape is the whole request, over loopback:',
    table(['parameters', 'detail', 'sink, µs a step', 'scrape, ms', 'series', 'page, MB', 'bytes a series'], costs),
    'A training step on wasm, with every parameter observed and its metrics on their way, over one without any of it (at most 1.02 for a model of real size):',
    table(['training step', 'metrics', `with / without (median of ${SEEDS} seeds)`, 'least', 'most'], rows),
  ].join('\n\n');
}

console.log(await run());
