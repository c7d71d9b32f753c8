import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseCsv } from 'csv-parse/sync';
import type { AlertEvent } from 'trainscope';
import { type MetricsOptions, startMetrics } from 'trainscope/otel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { held, useBackend } from '../helpers/backend.js';
import { type Collector, collectorProgram, startCollector } from '../helpers/collector.js';
import { freePort, until } from '../helpers/processes.js';
import { type Prometheus, startPrometheus } from '../helpers/prometheus.js';
import { stepEnd } from '../sinks/otel/updates.js';
import { alertRules, dashboardExpressions, interpolate, readPage } from './expressions.js';
import { trainBadly, trainWell } from './trained-runs.js';

const STEPS = 200;
const folder = mkdtempSync(join(tmpdir(), 'trainscope-collected-'));

let prometheus: Prometheus;
let collector: Collector;

beforeAll(async () => {
  collectorProgram();
  await useBackend('cpu');
  prometheus = await startPrometheus({
    configFile: fileURLToPath(new URL('../../examples/stack/prometheus.yml', import.meta.url)),
    args: ['--web.enable-remote-write-receiver'],
  });
  collector = await startCollector(prometheus.url);
}, 600_000);

afterAll(async () => {
  await collector?.stop();
  await prometheus?.stop();
  rmSync(folder, { recursive: true });
});

/** For what has to arrive: however busy the machine is, no export takes so long. */
const PATIENT = { intervalMs: 2_000, timeoutMs: 2_000 } as const;

/** Telemetry in a hurry, and what it says of itself. */
async function start(options: MetricsOptions) {
  const metrics = await startMetrics({ exporter: 'otlp', intervalMs: 500, timeoutMs: 500, ...options });
  const alerts: AlertEvent[] = [];
  metrics.alerts$.subscribe((alert) => alerts.push(alert));
  return { ...metrics, metrics, alerts };
}

describe('by way of a Collector', () => {
  const csv = join(folder, 'updates.csv');
  const tensors: ReturnType<typeof held>[] = [];

  beforeAll(async () => {
    const good = await start({ url: collector.url, run: 'good', rank: 3, everyStep: true, ...PATIENT });
    const bad = await start({ url: collector.url, run: 'bad', ...PATIENT });
    tensors.push(held());
    await Promise.all([
      trainWell({ metrics: good.metrics, run: 'good', steps: STEPS, pauseMs: 10 }, csv),
      trainBadly({ metrics: bad.metrics, run: 'bad', steps: 60, pauseMs: 50 }),
    ]);
    tensors.push(held());
    for (const { metrics, alerts } of [good, bad]) {
      expect(await metrics.finish()).toMatchObject({ failures: 0, droppedPoints: 0 });
      expect(alerts).toEqual([]);
    }
    await until(async () => {
      const series = await prometheus.query('max_over_time(ml_training_steps_total[10m])');
      return (
        series
          .map(({ value }) => Number(value![1]))
          .sort()
          .join() === `${STEPS},60`
      );
    });
  });

  it('trains without a leak', () => expect(tensors[1]).toEqual(tensors[0]));

  it('every step of every parameter arrives, at its own time, as the CSV file has it', async () => {
    const rows = parseCsv(readFileSync(csv), {
      columns: true,
      cast: (value, { header }) => (header ? value : Number(value)),
    }) as Record<string, number>[];
    expect(rows).toHaveLength(STEPS);
    const norms = await prometheus.query('ml_parameter_update_norm{ml_run_id="good"}[10m]');
    expect(norms).toHaveLength(4);
    for (const { metric, values } of norms) {
      expect(metric).toMatchObject({ ml_worker_rank: '3', service_instance_id: 'good/3' });
      expect(values!.map(([, value]) => Number(value))).toEqual(rows.map((row) => row[metric.ml_parameter_name!]));
    }
  });

  it.each(dashboardExpressions(readPage()))('the dashboard finds $of: $expr', async ({ of, expr }) => {
    const moments = of === 'Alerts' && expr.includes('offset') ? `last_over_time((${expr})[10m:1s])` : expr;
    const chosen = { run: ['good', 'bad'], rank: ['0', '3'], parameter: '.*' };
    const times = { __range: '15m', __rate_interval: '30s', __interval: '5s' };
    expect((await prometheus.query(interpolate(moments, { ...chosen, ...times }))).length).toBeGreaterThan(0);
  });
});

describe('when the Collector', () => {
  it('is down from the beginning: the training goes on, losses are counted, the end is in time', async () => {
    const { metrics, alerts } = await start({
      url: `http://127.0.0.1:${await freePort()}`,
      run: 'down',
      finishTimeoutMs: 2_000,
    });
    await trainWell({ metrics, run: 'down', steps: 80, pauseMs: 20 });
    const begin = performance.now();
    const counts = await metrics.finish();
    expect(performance.now() - begin).toBeLessThan(4_000);
    expect(counts.exports).toBe(0);
    expect(counts.failures).toBeGreaterThan(0);
    expect(counts.droppedPoints).toBeGreaterThan(20);
    expect(alerts).toMatchObject([{ rule: 'otel-export', phase: 'begin' }]);
    expect(alerts[0]!.message).toContain('ECONNREFUSED');
  });

  it('does not answer for a while, and then does: one alert that ends, and the loss is told in Prometheus', async () => {
    const { metrics, alerts, sink } = await start({ url: collector.url, run: 'slow' });
    sink.next(stepEnd(1, { run: 'slow' }));
    await sink.flush();
    expect(metrics.counts.failures).toBe(0);
    expect(metrics.counts.exports).toBeGreaterThan(0);
    collector.pause();
    await until(() => metrics.counts.failures >= 2);
    expect(alerts).toMatchObject([{ rule: 'otel-export', phase: 'begin', step: 1 }]);
    const before = metrics.counts.exports;
    collector.resume();
    await until(() => metrics.counts.exports > before);
    expect(alerts.slice(0, 2)).toMatchObject([{ phase: 'begin' }, { rule: 'otel-export', phase: 'end' }]);
    const { droppedPoints } = await metrics.finish();
    expect(droppedPoints).toBeGreaterThan(0);
    const told = 'max_over_time(ml_telemetry_points_dropped_total{ml_run_id="slow",ml_telemetry_reason="export"}[5m])';
    await until(async () => (await prometheus.query(told)).some(({ value }) => Number(value![1]) === droppedPoints));
    const { expr } = alertRules().find(({ alert }) => alert === 'TrainingTelemetryLost')!;
    const lost = await prometheus.query(expr);
    expect(lost.map(({ metric }) => [metric.ml_run_id, metric.ml_telemetry_reason])).toEqual([['slow', 'export']]);
  });

  it('does not answer at all: the end is in time, and what was under way counts as lost', async () => {
    const { metrics, sink } = await start({
      url: collector.url,
      run: 'stuck',
      finishTimeoutMs: 300,
      intervalMs: 60_000,
      timeoutMs: 30_000,
    });
    collector.pause();
    sink.next(stepEnd(1, { run: 'stuck' }));
    const begin = performance.now();
    const counts = await metrics.finish();
    expect(performance.now() - begin).toBeLessThan(2_000);
    collector.resume();
    expect(counts.exports).toBe(0);
    expect(counts.droppedPoints).toBeGreaterThan(2);
  });

  it('ends and is started again: exports get through again', async () => {
    const { metrics, alerts, sink } = await start({ url: collector.url, run: 'again' });
    const { port } = new URL(collector.url);
    await collector.stop();
    sink.next(stepEnd(1, { run: 'again' }));
    await until(() => metrics.counts.failures >= 1);
    collector = await startCollector(prometheus.url, Number(port));
    await until(() => metrics.counts.exports >= 1);
    expect(alerts.slice(0, 2)).toMatchObject([{ phase: 'begin' }, { phase: 'end' }]);
    await metrics.finish();
    await until(async () => (await prometheus.query('ml_training_steps_total{ml_run_id="again"}')).length === 1);
  });
});
