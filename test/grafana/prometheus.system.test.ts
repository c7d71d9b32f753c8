import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import { startMetrics, type TrainingMetricsSetup } from 'trainscope/otel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { held, useBackend } from '../helpers/backend.js';
import { type Prometheus, promtool, startPrometheus } from '../helpers/prometheus.js';
import {
  ALERTS_FILE,
  alertRules,
  dashboardExpressions,
  dashboardVariables,
  interpolate,
  readPage,
} from './expressions.js';
import { scraped, trainBadly, trainWell } from './trained-runs.js';

const STEPS = 120;
const folder = mkdtempSync(join(tmpdir(), 'trainscope-scraped-'));
const csv = join(folder, 'updates.csv');
const page = readPage();

let prometheus: Prometheus;
let setups: TrainingMetricsSetup[];
let tensors: ReturnType<typeof held>[];

/** Two workers of a good run, and a bad run, scraped while they train by a Prometheus of Debian. */
beforeAll(async () => {
  await useBackend('cpu');
  const start = (run: string, rank: number) =>
    startMetrics({ exporter: 'prometheus', port: 0, run, rank, workers: 2, model: 'tiny' });
  setups = [await start('good.run', 0), await start('good.run', 1), await start('bad', 0)];
  const [first, second, bad] = setups as [TrainingMetricsSetup, TrainingMetricsSetup, TrainingMetricsSetup];
  prometheus = await startPrometheus({ scrape: setups.map(({ url }) => url!) });
  // Prometheus takes some seconds to begin.
  await Promise.all(setups.map((metrics) => scraped(metrics, 1)));
  tensors = [held()];
  await Promise.all([
    trainWell({ metrics: first, run: 'good.run', steps: STEPS, pauseMs: 10, scrapedEvery: 5 }, csv),
    trainWell({ metrics: second, run: 'good.run', steps: STEPS * 3, pauseMs: 0 }),
    trainBadly({ metrics: bad, run: 'bad', steps: 60, pauseMs: 50 }),
  ]);
  tensors.push(held());
  await Promise.all(setups.map((metrics) => scraped(metrics, 8)));
});

afterAll(async () => {
  await Promise.all(setups?.map((metrics) => metrics.finish()) ?? []);
  await prometheus?.stop();
  rmSync(folder, { recursive: true });
});

it('trains without a leak', () => expect(tensors[1]).toEqual(tensors[0]));

describe('what Prometheus scraped', () => {
  it('is, step by step, what the CSV file has', async () => {
    const selector = '{ml_run_id="good.run",ml_worker_rank="0"}';
    const norms = await prometheus.query(`ml_parameter_update_norm${selector}[10m]`);
    expect(norms).toHaveLength(4);
    // The last norms may have been scraped just now: steps are asked for after them.
    const [steps] = await prometheus.query(`ml_training_steps_total${selector}[10m]`);
    const stepAt = new Map(steps!.values!.map(([time, step]) => [time, Number(step)]));
    expect(new Set(stepAt.values()).size).toBeGreaterThan(10);

    const rows = parseCsv(readFileSync(csv), {
      columns: true,
      cast: (value, { header }) => (header ? value : Number(value)),
    }) as Record<string, number>[];
    expect(rows).toHaveLength(STEPS);
    const written = new Map(rows.map((row) => [row.step, row]));
    let compared = 0;
    for (const { metric, values } of norms) {
      for (const [time, value] of values!) {
        const step = stepAt.get(time)!;
        expect([step, Number(value)]).toEqual([step, written.get(step)![metric.ml_parameter_name!]]);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(40);
    expect(Math.max(...stepAt.values())).toBe(STEPS);
  });

  it('says who trained it', async () => {
    const [target] = await prometheus.query('target_info{ml_worker_rank="1"}');
    expect(target!.metric).toMatchObject({ service_name: 'trainscope', ml_model_name: 'tiny', ml_worker_count: '2' });
  });
});

describe('every variable of the dashboard', () => {
  it.each(dashboardVariables(page))('$name has values', async ({ selector, label }) => {
    const values = await prometheus.labelValues(label, interpolate(selector, { run: ['good.run', 'bad'] }));
    const expected =
      { ml_run_id: ['bad', 'good.run'], ml_worker_rank: ['0', '1'] }[label] ?? expect.arrayContaining(['wild/kernel']);
    expect(values).toEqual(expected);
  });
});

const TIMES = { __range: '15m', __rate_interval: '20s', __interval: '5s' };

describe.each([
  ['all', { run: '.*', rank: '.*', parameter: '.*' }],
  [
    'several',
    {
      run: ['good.run', 'bad'],
      rank: ['0', '1'],
      parameter: ['good.run_hidden/kernel', 'good.run_classifier/bias', 'wild/kernel'],
    },
  ],
])('every question of the dashboard, with %s chosen', (_, chosen) => {
  it.each(dashboardExpressions(page))('$of: $expr', async ({ of, expr }) => {
    // An annotation is a moment: look for it at each of them.
    const moments = of === 'Alerts' && expr.includes('offset') ? `last_over_time((${expr})[10m:1s])` : expr;
    const series = await prometheus.query(interpolate(moments, { ...TIMES, ...chosen }));
    expect(series.length).toBeGreaterThan(0);
    for (const { metric } of series) if (metric.ml_run_id) expect(['good.run', 'bad']).toContain(metric.ml_run_id);
  });
});

describe('one choice', () => {
  it('leaves the others out', async () => {
    const { expr } = dashboardExpressions(page).find(({ of }) => of === 'Fastest movers')!;
    const series = await prometheus.query(interpolate(expr, { ...TIMES, run: ['good.run'], rank: ['1'] }));
    expect(series.map(({ metric }) => [metric.ml_run_id, metric.ml_worker_rank])).toEqual(
      Array(4).fill(['good.run', '1']),
    );
    const ratios = series.map(({ value }) => Number(value![1]));
    expect(ratios).toEqual([...ratios].sort((a, b) => b - a));
  });
});

describe('docs/grafana/alerts.yml', () => {
  it('is taken by promtool', () => {
    expect(promtool('check', 'rules', ALERTS_FILE)).toContain(`SUCCESS: ${alertRules().length} rules found`);
  });

  it('fires and is silent when it must: promtool test rules', () => {
    expect(promtool('test', 'rules', new URL('alerts.test.yml', import.meta.url).pathname)).toContain('SUCCESS');
  });

  // Telemetry is lost on the way to a Collector only: see its own test.
  const elsewhere = ['TrainingTelemetryLost', 'TrainingStalled', 'TrainingVanished'];

  it.each(alertRules().filter(({ alert }) => !elsewhere.includes(alert)))(
    '$alert finds its trouble',
    async ({ alert, expr }) => {
      // What was true for a while only is looked for at every moment.
      const series = await prometheus.query(`last_over_time((${expr})[10m:250ms])`);
      expect(series.length).toBeGreaterThan(0);
      const runs = new Set(series.map(({ metric }) => metric.ml_run_id));
      if (alert === 'TrainingWorkerBehind')
        expect(series[0]!.metric).toMatchObject({ ml_run_id: 'good.run', ml_worker_rank: '0' });
      else expect(runs).toContain('bad');
      if (alert === 'TrainingFailed') expect(runs.size).toBe(1);
    },
  );

  it.each(alertRules().filter(({ alert }) => ['TrainingStalled', 'TrainingVanished'].includes(alert)))(
    '$alert says nothing of runs that have ended in processes that live on',
    async ({ expr }) => {
      // Its trouble is in promtool's test: nothing stalls within the few seconds of this one.
      expect(await prometheus.query(expr, Date.now() / 1000 + 58)).toEqual([]);
    },
  );
});
