/** Ten thousand steps with every sink attached: what is held, and the resident memory, must stay as they are. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import * as tf from '@tensorflow/tfjs';
import { merge } from 'rxjs';
import { consoleSink, globalNorms, groupByLayer, parameterDrift, parameterUpdates, throughput } from 'trainscope';
import { csvSink, jsonlSink, liveSink, reportSink, tensorboardSink } from 'trainscope/node';
import { metricViews, otelSink } from 'trainscope/otel';
import { instrument, selectBackend } from 'trainscope/tfjs';
import { mlpProblem } from './problems/mlp.js';
import { quick } from './quick.js';
import { table } from './report.js';

const STEPS = quick ? 200 : 10_000;
const LOOK_EVERY = STEPS / 4;

/** Collects when told to, as a scrape does. */
class Scrapes extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

async function endure(backend: 'cpu' | 'wasm'): Promise<string[][]> {
  await selectBackend(backend);
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-'));
  const problem = await mlpProblem(1);
  const training = instrument(problem.optimizer);
  const updates$ = training.events$.pipe(parameterUpdates({ histograms: ['update'] }));
  const nowhere = { write: () => true, isTTY: false };
  training.attach(updates$, consoleSink({ style: 'lines', output: nowhere }));
  training.attach(
    updates$.pipe(groupByLayer()),
    consoleSink({ style: 'table', output: { ...nowhere, isTTY: true, columns: 100, rows: 40 } }),
  );
  training.attach(updates$, csvSink(join(folder, 'wide.csv')));
  training.attach(updates$, csvSink(join(folder, 'long.csv'), { layout: 'long' }));
  training.attach(merge(training.events$, updates$), jsonlSink(join(folder, 'run.jsonl')));
  training.attach(merge(training.events$, updates$), tensorboardSink(join(folder, 'tensorboard')));
  training.attach(merge(training.events$, updates$), reportSink(join(folder, 'report.html')));
  const live = liveSink();
  training.attach(merge(training.events$, updates$), live);
  const scrapes = new Scrapes();
  const meterProvider = new MeterProvider({ readers: [scrapes], views: metricViews(2000) });
  training.attach(merge(training.events$, updates$), otelSink({ meterProvider }));
  training.attach(updates$.pipe(globalNorms()), () => {});
  training.attach(training.events$.pipe(parameterDrift()), () => {});
  training.attach(training.events$.pipe(throughput()), () => {});
  const rows: string[][] = [];
  for (let step = 1; step <= STEPS; step++) {
    problem.step();
    if (step === 100 || step % LOOK_EVERY === 0) {
      await scrapes.collect();
      if (!globalThis.gc) throw new Error('gc: expected node --expose-gc, got none; run it by npm run bench endurance');
      globalThis.gc();
      const { numTensors, numDataBuffers } = tf.memory();
      rows.push([
        backend,
        String(step),
        String(numTensors),
        String(numDataBuffers),
        (process.memoryUsage.rss() / 2 ** 20).toFixed(0),
      ]);
    }
  }
  const errors = await training.close();
  await meterProvider.shutdown();
  await live.stop();
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('; '));
  problem.dispose();
  rmSync(folder, { recursive: true });
  return rows;
}

const rows = [...(await endure('wasm')), ...(await endure('cpu'))];
console.log(table(['backend', 'step', 'numTensors', 'numDataBuffers', 'resident, MiB'], rows));
