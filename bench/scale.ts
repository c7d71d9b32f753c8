/**
 * What workers cost a Prometheus: so many pages of metrics of one process each, scraped by the system's Prometheus for a
 * minute. The figures of docs/scale.md. Not among `npm run bench`, as it needs Prometheus: npx tsx bench/scale.ts 100 1000
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type GaugeDetail, startMetrics } from 'trainscope/otel';
import { startPrometheus } from '../test/helpers/prometheus.js';
import { updatesOf } from '../test/helpers/updates.js';
import { otlpReceiver } from '../test/sinks/otel/otlp-receiver.js';
import { manyRatios, stepEnd } from '../test/sinks/otel/updates.js';
import { table } from './report.js';

const PARAMETERS = 200;
const WARM_UP_MS = 25_000;
const WATCHED_MS = 60_000;

/** A page of metrics of a model of 200 parameters, as worker 0 of its run. */
async function pageOfWorker(detail: GaugeDetail = 'parameters'): Promise<string> {
  const metrics = await startMetrics({ exporter: 'prometheus', port: 0, run: 'test', detail });
  metrics.sink.next(updatesOf(manyRatios(PARAMETERS)));
  metrics.sink.next(stepEnd(1));
  const page = await (await fetch(metrics.url!)).text();
  await metrics.finish();
  return page;
}

/** The same metrics as one export of OTLP: bytes on the wire. */
async function otlpBytes(detail: GaugeDetail): Promise<readonly [points: number, bytes: number]> {
  const receiver = await otlpReceiver();
  const metrics = await startMetrics({ exporter: 'otlp', url: receiver.url, run: 'test', detail });
  metrics.sink.next(updatesOf(manyRatios(PARAMETERS)));
  metrics.sink.next(stepEnd(1));
  await metrics.sink.flush();
  const [request] = receiver.requests;
  await metrics.finish();
  await receiver.close();
  return [request!.points.length, request!.bytes];
}

async function scrape(workers: number, page: string): Promise<string[]> {
  const server = createServer((request, response) => {
    const rank = request.url!.split('/').at(-1)!;
    // Values move, as they do in training.
    const moved = page.replace(/\{([^}]*)ml_worker_rank="0"([^}]*)\} (\S+)/g, (_, before, after, value) => {
      return `{${before}ml_worker_rank="${rank}"${after}} ${Number(value) * (1 + Math.random())}`;
    });
    response.end(moved);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  const pages = Array.from({ length: workers }, (_, rank) => `/metrics/${rank}`);
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-scale-'));
  const configFile = join(folder, 'prometheus.json');
  const jobs = pages.map((path, i) => ({
    job_name: `worker-${i}`,
    metrics_path: path,
    static_configs: [{ targets: [host] }],
  }));
  writeFileSync(configFile, JSON.stringify({ global: { scrape_interval: '15s' }, scrape_configs: jobs }));
  const prometheus = await startPrometheus({ configFile });
  const own = async (metric: string) => {
    const page = await (await fetch(`${prometheus.url}/metrics`)).text();
    return Number(page.match(new RegExp(`^${metric}(?:\\{[^}]*\\})? (\\S+)$`, 'm'))![1]);
  };
  try {
    await wait(WARM_UP_MS);
    const [cpu, samples] = [
      await own('process_cpu_seconds_total'),
      await own('prometheus_tsdb_head_samples_appended_total'),
    ];
    await wait(WATCHED_MS);
    const cpuSeconds = (await own('process_cpu_seconds_total')) - cpu;
    const appended = (await own('prometheus_tsdb_head_samples_appended_total')) - samples;
    const series = await own('prometheus_tsdb_head_series');
    const memory = await own('process_resident_memory_bytes');
    const [scrapeTime] = await prometheus.query('avg(scrape_duration_seconds)');
    return [
      workers.toLocaleString('en'),
      series.toLocaleString('en'),
      (memory / 1e6).toFixed(0),
      (memory / series / 1e3).toFixed(1),
      ((cpuSeconds / appended) * 1e6).toFixed(1),
      (Number(scrapeTime!.value![1]) * 1e3).toFixed(1),
    ];
  } finally {
    await prometheus.stop();
    rmSync(folder, { recursive: true });
    server.close();
    server.closeAllConnections();
  }
}

const details: string[][] = [];
for (const detail of ['parameters', 'movers', 'layers', 'totals'] as const) {
  const page = await pageOfWorker(detail);
  const series = page.split('\n').filter((line) => line && !line.startsWith('#')).length;
  const [points, bytes] = await otlpBytes(detail);
  details.push([detail, series, page.length, points, bytes].map(String));
}
console.log(`A worker with ${PARAMETERS} parameters in ${PARAMETERS / 2} layers:\n`);
console.log(table(['detail', 'series', 'bytes of a page', 'points by OTLP', 'bytes by OTLP'], details));

const page = await pageOfWorker();
const rows: string[][] = [];
for (const workers of process.argv.slice(2).map(Number)) rows.push(await scrape(workers, page));
console.log(`\nScraped every 15 s, all parameters:\n`);
console.log(
  table(['workers', 'series', 'memory, MB', 'kB a series', 'CPU µs a sample', 'scrape of a worker, ms'], rows),
);
