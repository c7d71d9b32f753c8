/**
 * What those who scrape a page of metrics cost the loop, by how many scrape it without ever waiting: the share of its
 * thread's processor time that goes by between the steps, which others that share the machine change little, and steps a
 * second.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createParameterUpdates, type DefaultStatistic } from 'trainscope';
import { startMetrics } from 'trainscope/otel';
import { quick } from './quick.js';
import { median, table } from './report.js';

const ROUND_MS = quick ? 300 : 3_000;
const ROUNDS = quick ? 1 : 5;
const SCRAPERS = [0, 1, 50];
const SIZES = quick ? [200] : [200, 5_000];

interface Measured {
  /** Of the processor's time of the loop's thread, what goes by between the steps. */
  readonly share: number;
  readonly stepsPerSecond: number;
  readonly scrapesPerSecond: number;
}

/** In a process of its own, and at a low priority: what is asked is what they cost the loop, not the processor. */
const SCRAPER = `
  const { request, Agent } = require('node:http');
  require('node:os').setPriority(19);
  const [url, scrapers] = process.argv.slice(1);
  const agent = new Agent({ keepAlive: true });
  let pages = 0;
  const scrape = () => request(url, { agent, headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
    response.resume().on('end', () => { pages++; scrape(); });
  }).on('error', () => {}).end();
  for (let i = 0; i < scrapers; i++) scrape();
  process.on('disconnect', () => process.exit());
  process.on('message', () => process.send(pages));
`;

async function measure(parameters: number, scrapers: number): Promise<Measured> {
  const metrics = await startMetrics({ exporter: 'prometheus', port: 0, detail: 'parameters' });
  metrics.alerts$.subscribe(() => {});
  const stepOf = steps(parameters);
  for (let step = 1; step <= 20; step++) metrics.sink.next(stepOf(step));
  const child = spawn(process.execPath, ['-e', SCRAPER, metrics.url!, String(scrapers)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'spawn');
  const pagesSoFar = async () => {
    child.send('');
    return (await once(child, 'message'))[0] as number;
  };
  const loop = async (ms: number, from: number) => {
    const begin = performance.now();
    const cpuBegin = threadCpuMs();
    let done = 0;
    let betweenMs = 0;
    for (; performance.now() - begin < ms; done++) {
      train();
      metrics.sink.next(stepOf(from + done));
      const idle = threadCpuMs();
      await new Promise(setImmediate);
      betweenMs += threadCpuMs() - idle;
    }
    return {
      share: betweenMs / (threadCpuMs() - cpuBegin),
      stepsPerSecond: (done * 1e3) / (performance.now() - begin),
    };
  };
  await loop(ROUND_MS / 3, 100);
  const before = await pagesSoFar();
  const begin = performance.now();
  const speed = await loop(ROUND_MS, 10_000);
  const scrapesPerSecond = ((await pagesSoFar()) - before) / ((performance.now() - begin) / 1e3);
  child.disconnect();
  await metrics.finish();
  return { ...speed, scrapesPerSecond };
}

/** Milliseconds that the main thread has been on a processor; of Linux. */
function threadCpuMs(): number {
  const [ns] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(ns) / 1e6;
}

const weights = Float64Array.from({ length: 1 << 12 }, (_, i) => i);

/** Some milliseconds of arithmetic. */
function train(): void {
  for (let pass = 0; pass < 500; pass++) {
    for (let i = 0; i < weights.length; i++) weights[i] = weights[i]! * 0.999 + 1e-3;
  }
}

function steps(parameters: number) {
  const names = Array.from({ length: parameters }, (_, i) => `encoder/layer_${i >> 1}/${i % 2 ? 'bias' : 'kernel'}`);
  const sizes = names.map(() => 4);
  const made = Array.from({ length: 16 }, (_, step) => {
    const column = (scale: number) => Float64Array.from(names, (_, i) => Math.sqrt(i + 1) * scale * (1 + step));
    return {
      updateNorm: column(1e-3),
      weightNorm: column(1),
      updateRatio: column(1e-3),
      gradientNorm: column(1e-2),
      maxAbsUpdate: column(1e-4),
      unchanged: new Float64Array(parameters),
      nonFinite: new Float64Array(parameters),
    };
  });
  return (step: number) =>
    createParameterUpdates<DefaultStatistic>({
      ...{ run: 'run', step, epoch: step / 100, time: Date.now(), loss: 1 / step, learningRate: 1e-3 },
      ...{ names, sizes, columns: made[step % made.length]!, histograms: {} },
    });
}

const rows: string[][] = [];
for (const parameters of SIZES) {
  const measured = SCRAPERS.map((): Measured[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, scrapers] of SCRAPERS.entries()) measured[i]!.push(await measure(parameters, scrapers));
  }
  for (const [i, scrapers] of SCRAPERS.entries()) {
    const of = (field: keyof Measured) => median(measured[i]!.map((each) => each[field]));
    const ratio = (field: keyof Measured) =>
      median(measured[i]!.map((each, round) => each[field] / measured[0]![round]![field])).toFixed(3);
    rows.push([
      parameters.toLocaleString('en'),
      String(scrapers),
      `${(100 * of('share')).toFixed(1)} %`,
      of('stepsPerSecond').toFixed(0),
      ratio('stepsPerSecond'),
      of('scrapesPerSecond').toFixed(1),
    ]);
    console.error(rows.at(-1)?.join('  '));
  }
}
console.log(
  table(
    [
      'parameters, each with three gauges',
      'scrapers',
      'of the loop’s thread, between steps',
      'steps a second',
      'of those without',
      'scrapes a second',
    ],
    rows,
  ),
);
