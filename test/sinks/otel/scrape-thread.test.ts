import { Worker } from 'node:worker_threads';
import { startMetrics, type TrainingMetricsSetup } from 'trainscope/otel';
import { afterEach, expect, it, vi } from 'vitest';
import { LatestGauges } from '../../../src/sinks/otel/setup/scrape/latest-gauges.js';
import { pageText } from '../../../src/sinks/otel/setup/scrape/worker/page-text.js';
import { updatesOf } from '../../helpers/updates.js';

const open: TrainingMetricsSetup[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((metrics) => metrics.finish()));
});

async function start(options: Parameters<typeof startMetrics>[0] = {}): Promise<TrainingMetricsSetup> {
  const metrics = await startMetrics({ exporter: 'prometheus', port: 0, run: 'test', ...options });
  open.push(metrics);
  return metrics;
}

/** Asks from a thread of its own, and says the status of each answer by adding it up. */
const ASKER = `
  const { request } = require('node:http');
  const { workerData: { url, asked, answers } } = require('node:worker_threads');
  const sum = new Int32Array(answers);
  for (const { path, method } of asked) {
    request(url + path, { method }, (response) => {
      Atomics.add(sum, 0, response.statusCode);
      Atomics.notify(sum, 0);
      response.resume();
    }).end();
  }
`;

it('answers while the loop keeps its thread: only collecting needs that', async () => {
  const { url } = await start();
  const answers = new SharedArrayBuffer(4);
  const asked = [
    { path: '', method: 'HEAD' },
    { path: '', method: 'DELETE' },
    { path: '/none', method: 'GET' },
  ];
  const asker = new Worker(ASKER, { eval: true, workerData: { url, asked, answers }, execArgv: [] });
  const sum = new Int32Array(answers);
  // Never yields until all have been answered.
  for (let seen = 0; seen < 200 + 405 + 404; seen = sum[0]!) {
    expect(Atomics.wait(sum, 0, seen, 10_000)).not.toBe('timed-out');
  }
  await asker.terminate();
});

it('shows numbers of the moment it was asked for, by names that come and go', async () => {
  const metrics = await start({ detail: 'parameters', statistics: ['updateNorm'] });
  const show = async (step: number, columns: Record<string, number>) => {
    metrics.sink.next(updatesOf(columns, { step }));
    const page = await (await fetch(metrics.url!)).text();
    return page.split('\n').filter((line) => line.startsWith('ml_parameter_update_norm'));
  };
  const line = (name: string, value: number) =>
    expect.stringMatching(new RegExp(`^ml_parameter_update_norm\\{.*ml_parameter_name="${name}".*\\} ${value}$`));
  expect(await show(1, { a: 1, b: 2 })).toEqual([line('a', 1), line('b', 2)]);
  expect(await show(2, { a: 3, b: 4 })).toEqual([line('a', 3), line('b', 4)]);
  expect(await show(3, { c: 5 })).toEqual([line('c', 5)]);
});

it('sends rows once, and all anew after what did not get there; columns are copies', () => {
  const gauges = new LatestGauges();
  const rows = [{ name: 'a' }];
  const column = Float64Array.of(1);
  const metrics = [{ name: 'norm', description: '', unit: '' }];
  const write = () =>
    gauges.output.write({ group: 'g', time: 0, metrics, points: 1, values: () => ({ rows, columns: [column] }) });
  write();
  const [first] = gauges.take();
  expect(first).toEqual({ group: 'g', metrics, rows, columns: [column] });
  expect(first!.columns[0]!.buffer).not.toBe(column.buffer);
  write();
  expect(gauges.take()).toEqual([{ group: 'g', metrics, columns: [column] }]);
  gauges.forget();
  expect(gauges.take()[0]?.rows).toBe(rows);
});

it('knows rows of before in its thread', () => {
  const textOf = pageText({
    serialize: ({ scopeMetrics }) => JSON.stringify(scopeMetrics[0]?.metrics[0]?.dataPoints),
  });
  const metrics = [{ name: 'norm', description: '', unit: '' }];
  const page = (value: number, rows?: { name: string }[]) =>
    textOf({
      resource: {},
      scopes: [],
      gauges: [{ group: 'g', metrics, columns: [Float64Array.of(value)], ...(rows && { rows }) }],
      loopMs: 0,
    });
  expect(JSON.parse(page(1, [{ name: 'a' }]))).toMatchObject([{ attributes: { name: 'a' }, value: 1 }]);
  expect(JSON.parse(page(2))).toMatchObject([{ attributes: { name: 'a' }, value: 2 }]);
});

it('answers 500 for a collection that fails, and the next one is whole', async () => {
  const metrics = await start({ detail: 'parameters', statistics: ['updateNorm'] });
  metrics.sink.next(updatesOf({ a: 1 }));
  let fails = true;
  metrics.meterProvider
    .getMeter('mine')
    .createObservableGauge('mine')
    .addCallback((result) => {
      if (fails) throw new Error('no value');
      result.observe(7);
    });
  const failed = await fetch(metrics.url!);
  expect([failed.status, await failed.text()]).toEqual([500, expect.stringContaining('no value')]);
  fails = false;
  const page = await (await fetch(metrics.url!)).text();
  expect(page).toMatch(/^mine\{.*\} 7$/m);
  expect(page).toMatch(/^ml_parameter_update_norm\{.*\} 1$/m);
  await vi.waitFor(() => expect(metrics.counts.exports).toBe(1));
});
