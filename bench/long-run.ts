/**
 * The page of a long run in `trainscope serve`: how soon it shows something, and how soon all.
 *
 * npx tsx bench/long-run.ts [steps of 1,000 parameters, about 0.1 MB each]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createParameterUpdates, DEFAULT_STATISTICS, type DefaultStatistic, type TrainingEvent } from 'trainscope';
import { jsonlSink, serveRuns } from 'trainscope/node';
import { quick } from './quick.js';
import { table } from './report.js';

const STEPS = quick ? 50 : Number(process.argv[2] ?? 5_000);
const NAMES = Array.from({ length: 1_000 }, (_, i) => `layers.${i >> 3}.part${i & 7}.weight`);
const SIZES = NAMES.map(() => 4_096);

async function record(file: string): Promise<void> {
  const sink = jsonlSink(file);
  const at = (step: number) => ({ run: 'long', step, epoch: step / 1_000, time: 1_700_000_000_000 + 100 * step });
  sink.next({ type: 'train-begin', ...at(0), maxSteps: STEPS } as TrainingEvent);
  for (let step = 1; step <= STEPS; step++) {
    const end = { ...at(step), loss: 1 / step, learningRate: 1e-3 };
    const columns = Object.fromEntries(
      DEFAULT_STATISTICS.map((statistic) => {
        const isCount = statistic === 'nonFinite' || statistic === 'unchanged';
        return [statistic, Float64Array.from(NAMES, () => (isCount ? 0 : Math.fround(Math.random())))];
      }),
    ) as Record<DefaultStatistic, Float64Array>;
    sink.next({ type: 'step-end', ...end, durationMs: 100, examples: 8, observingMs: 1 } as TrainingEvent);
    sink.next(createParameterUpdates({ ...end, names: NAMES, sizes: SIZES, columns, histograms: {} }));
    if (step % 50 === 0) await sink.flush();
  }
  sink.next({ type: 'train-end', ...at(STEPS), status: 'completed' } as TrainingEvent);
  sink.complete();
  await sink.closed;
}

/** Seconds until the page has a picture, and until it has all. */
async function watch(url: string): Promise<{ first: number; all: number }> {
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1_000;
  let first: number | undefined;
  let text = '';
  for await (const chunk of (await fetch(`${url}/run/long/events`)).body!) {
    text += Buffer.from(chunk).toString();
    if (text.includes('"series":[[')) first ??= seconds();
    if (text.includes('"phase":"finished"')) return { first: first!, all: seconds() };
    text = text.slice(text.lastIndexOf('\n\n') + 1);
  }
  throw new Error('the page has ended before the run');
}

const folder = mkdtempSync(join(tmpdir(), 'bench-long-run-'));
const file = join(folder, 'long.jsonl');
await record(file);
const server = await serveRuns(folder, { port: 0 });
try {
  while (!(await (await fetch(`${server.url}/runs.json`)).text()).includes('"long"')) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { first, all } = await watch(server.url);
  const size = (statSync(file).size / 1e6).toFixed(0);
  console.log(table(['file, MB', 'first picture, s', 'all of it, s'], [[size, first.toFixed(2), all.toFixed(1)]]));
} finally {
  await server.close();
  rmSync(folder, { recursive: true });
}
