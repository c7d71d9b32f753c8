import type { AlertEvent } from 'trainscope';
import { type MetricsOptions, startMetrics, type TrainingMetricsSetup } from 'trainscope/otel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { updatesOf } from '../../helpers/updates.js';
import { otlpReceiver } from './otlp-receiver.js';
import { manyRatios, stepEnd } from './updates.js';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function start(options: MetricsOptions): Promise<TrainingMetricsSetup & { alerts: AlertEvent[] }> {
  const metrics = await startMetrics(options);
  const alerts: AlertEvent[] = [];
  metrics.alerts$.subscribe((alert) => alerts.push(alert));
  cleanUp.push(() => metrics.finish());
  return Object.assign(metrics, { alerts });
}

async function receiver() {
  const server = await otlpReceiver();
  cleanUp.push(() => server.close());
  return server;
}

async function scrape(metrics: TrainingMetricsSetup): Promise<string[]> {
  return (await (await fetch(metrics.url!)).text()).split('\n');
}

describe("startMetrics({ exporter: 'prometheus' })", () => {
  it('serves the run on loopback, at a free port', async () => {
    const metrics = await start({ exporter: 'prometheus', port: 0, run: 'test', model: 'tiny', rank: 2, workers: 4 });
    expect(metrics.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    metrics.sink.next(stepEnd(1));
    metrics.sink.next(updatesOf({ 'a/kernel': 1e-3 }));
    const lines = await scrape(metrics);
    expect(lines).toEqual(
      expect.arrayContaining([
        '# TYPE ml_training_loss gauge',
        'ml_training_loss{ml_run_id="test",ml_worker_rank="2"} 1',
        'ml_training_steps_total{ml_run_id="test",ml_worker_rank="2"} 1',
        'ml_parameter_update_ratio{ml_run_id="test",ml_parameter_name="a/kernel",ml_parameter_layer="a",ml_worker_rank="2"} 0.001',
        'ml_training_step_duration_bucket{ml_run_id="test",ml_worker_rank="2",le="0.025"} 1',
        'ml_telemetry_points_dropped_total{ml_run_id="test",ml_telemetry_reason="buffer",ml_worker_rank="2"} 0',
      ]),
    );
    const target = lines.find((line) => line.startsWith('target_info{'));
    expect(target).toContain('service_name="trainscope"');
    expect(target).toContain('service_instance_id="test/2"');
    expect(target).toContain('ml_model_name="tiny"');
    expect(target).toContain('ml_worker_count="4"');
    expect(metrics.counts.exports).toBe(1);
  });

  it('has nothing else to serve', async () => {
    const metrics = await start({ exporter: 'prometheus', port: 0 });
    const response = await fetch(new URL('/', metrics.url));
    expect([response.status, await response.text()]).toEqual([404, 'metrics are at /metrics\n']);
  });

  it('says which port is taken, and what to do', async () => {
    const first = await start({ exporter: 'prometheus', port: 0 });
    const port = Number(new URL(first.url!).port);
    await expect(startMetrics({ exporter: 'prometheus', port })).rejects.toThrow(
      `port: expected one that can be listened on, got ${port} on 127.0.0.1 (EADDRINUSE); choose another, or 0 for any that is free`,
    );
  });

  it('keeps two runs in one process apart, whatever their tags', async () => {
    const one = await start({ exporter: 'prometheus', port: 0, tags: { 'a.b': 1, a_b: 2 } });
    const two = await start({ exporter: 'prometheus', port: 0 });
    one.sink.next(stepEnd(1));
    expect(await scrape(one)).toContain('ml_training_loss{ml_run_id="test",a_b="1",a_b2="2",ml_worker_rank="0"} 1');
    expect((await scrape(two)).join()).not.toContain('ml_training_loss');
  });

  it('lingers until one more scrape has ended', async () => {
    const metrics = await start({ exporter: 'prometheus', port: 0, lingerMs: 60_000 });
    metrics.sink.next(stepEnd(1));
    await scrape(metrics);
    metrics.sink.next(stepEnd(2));
    let finished = false;
    const finishing = metrics.finish().then((counts) => {
      finished = true;
      return counts;
    });
    await new Promise(setImmediate);
    expect(finished).toBe(false);
    expect(await scrape(metrics)).toContain('ml_training_loss{ml_run_id="test",ml_worker_rank="0"} 0.5');
    expect(await finishing).toMatchObject({ exports: 2, failures: 0 });
    await expect(fetch(metrics.url!)).rejects.toThrow();
  });

  it('lingers no longer than it may', async () => {
    const metrics = await start({ exporter: 'prometheus', port: 0, lingerMs: 10 });
    await expect(metrics.finish()).resolves.toMatchObject({ exports: 0 });
  });
});

describe("startMetrics({ exporter: 'otlp' })", () => {
  it('sends gzipped protobuf, with the last step when the sink closes', async () => {
    const server = await receiver();
    const metrics = await start({ exporter: 'otlp', url: server.url, run: 'test', rank: 1, headers: { 'x-key': 'k' } });
    for (const step of [1, 2, 3]) metrics.sink.next(updatesOf({ 'a/w': step }, { step }));
    metrics.sink.complete();
    await metrics.sink.closed;
    expect(server.requests).toMatchObject([
      { path: '/v1/metrics', contentType: 'application/x-protobuf', encoding: 'gzip', headers: { 'x-key': 'k' } },
    ]);
    const norms = server.points.filter(({ metric }) => metric === 'ml.parameter.update.norm');
    expect(norms).toMatchObject([
      {
        value: 3,
        attributes: { 'ml.run.id': 'test', 'ml.parameter.name': 'a/w' },
        resource: { 'service.name': 'trainscope', 'service.instance.id': 'test/1', 'ml.worker.rank': 1 },
      },
    ]);
    expect(await metrics.finish()).toMatchObject({ failures: 0, droppedPoints: 0 });
  });

  it('sends every step at its own time', async () => {
    const server = await receiver();
    const metrics = await start({ exporter: 'otlp', url: server.url, everyStep: true });
    for (let step = 1; step <= 20; step++) metrics.sink.next(stepEnd(step, { loss: step === 7 ? 99 : 1 }));
    await metrics.finish();
    const losses = server.points.filter(({ metric }) => metric === 'ml.training.loss');
    expect(losses.map(({ time }) => time)).toEqual(Array.from({ length: 20 }, (_, i) => 1_700_000_000_100 + i * 100));
    expect(losses.findIndex(({ value }) => value === 99)).toBe(6);
  });

  it('keeps values that are not finite', async () => {
    const server = await receiver();
    const metrics = await start({ exporter: 'otlp', url: server.url });
    metrics.sink.next(updatesOf({ a: Number.NaN, b: Infinity }));
    await metrics.finish();
    const ratios = server.points.filter(({ metric }) => metric === 'ml.parameter.update.ratio');
    expect(ratios.map(({ value }) => value)).toEqual([Number.NaN, Infinity]);
  });

  it('counts what a dead endpoint loses, raises one alert, and ends when the endpoint is back', async () => {
    const server = await receiver();
    const metrics = await start({ exporter: 'otlp', url: server.url });
    const lost = server.points.length;
    server.answerWith((response) => response.writeHead(400).end());
    metrics.sink.next(stepEnd(1));
    await metrics.sink.flush();
    metrics.sink.next(stepEnd(2));
    await metrics.sink.flush();
    expect(lost).toBe(0);
    const { droppedPoints, ...counts } = metrics.counts;
    expect(counts).toEqual({ exports: 0, failures: 2, exportedPoints: 0 });
    expect(droppedPoints).toBe(server.points.length);
    expect(metrics.alerts).toMatchObject([{ rule: 'otel-export', severity: 'warning', phase: 'begin', step: 1 }]);
    server.answerWith((response) => response.writeHead(200).end());
    await metrics.sink.flush();
    expect(metrics.alerts).toMatchObject([{ phase: 'begin' }, { rule: 'otel-export', phase: 'end', firstStep: 1 }]);
    expect(metrics.alerts[1]!.message).toContain(`${droppedPoints} points are lost`);
    const told = server.requests.at(-1)!.points.filter(({ metric }) => metric === 'ml.telemetry.points.dropped');
    expect(told.map(({ attributes, value }) => [attributes['ml.telemetry.reason'], value])).toEqual([
      ['export', droppedPoints],
      ['buffer', 0],
    ]);
  });

  it('finishes within its timeout when nobody answers, and counts what was under way', async () => {
    const server = await receiver();
    server.answerWith(() => {});
    const metrics = await start({ exporter: 'otlp', url: server.url, finishTimeoutMs: 50 });
    metrics.sink.next(stepEnd(1));
    const { exports, droppedPoints } = await metrics.finish();
    expect(exports).toBe(0);
    expect(droppedPoints).toBeGreaterThan(3);
  });

  it('says when steps wait in vain, and counts them', async () => {
    const server = await receiver();
    const metrics = await start({
      exporter: 'otlp',
      url: server.url,
      everyStep: true,
      maxPoints: 100,
      detail: 'parameters',
    });
    for (let step = 1; step <= 5; step++) metrics.sink.next(updatesOf(manyRatios(10), { step }));
    expect(metrics.alerts).toMatchObject([{ rule: 'otel-points-dropped', threshold: 100 }]);
    const { droppedPoints } = await metrics.finish();
    expect(droppedPoints).toBeGreaterThan(100);
  });
});

describe("startMetrics({ exporter: 'console' })", () => {
  it('prints what the SDK prints', async () => {
    const dir = vi.spyOn(console, 'dir').mockImplementation(() => {});
    const metrics = await start({ exporter: 'console' });
    metrics.sink.next(stepEnd(1));
    expect(await metrics.finish()).toMatchObject({ failures: 0 });
    expect(dir).toHaveBeenCalled();
  });
});

describe('the environment', () => {
  it('says exporter, address, service and resource, and options win over it', async () => {
    vi.stubEnv('OTEL_METRICS_EXPORTER', 'prometheus');
    vi.stubEnv('OTEL_EXPORTER_PROMETHEUS_PORT', '0');
    vi.stubEnv('OTEL_EXPORTER_PROMETHEUS_HOST', 'localhost');
    vi.stubEnv('OTEL_SERVICE_NAME', 'from-env');
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'team=vision,ml.model.name=env');
    const metrics = await start({ model: 'told' });
    expect(metrics.url).toMatch(/^http:\/\/localhost:\d+\/metrics$/);
    const target = (await scrape(metrics)).find((line) => line.startsWith('target_info{'));
    expect(target).toContain('service_name="from-env"');
    expect(target).toContain('team="vision"');
    expect(target).toContain('ml_model_name="told"');
  });

  it('says where OTLP goes, with what headers and compression', async () => {
    const server = await receiver();
    vi.stubEnv('OTEL_METRICS_EXPORTER', 'otlp');
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `${server.url}/base`);
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=secret');
    vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', 'none');
    const metrics = await start({});
    expect(metrics.url).toBe(`${server.url}/base/v1/metrics`);
    metrics.sink.next(stepEnd(1));
    await metrics.finish();
    expect(server.requests).toMatchObject([{ path: '/base/v1/metrics', headers: { authorization: 'secret' } }]);
    expect(server.requests[0]!.encoding).toBeUndefined();
  });

  it.each([
    ['OTEL_SDK_DISABLED', 'true', { exporter: 'prometheus', port: 0 } as const],
    ['OTEL_METRICS_EXPORTER', 'none', {}],
  ])('turns everything off by %s=%s', async (name, value, options) => {
    vi.stubEnv(name, value);
    const metrics = await start(options);
    expect(metrics.url).toBeUndefined();
    metrics.sink.next(stepEnd(1));
    expect(await metrics.finish()).toEqual({ exports: 0, failures: 0, exportedPoints: 0, droppedPoints: 0 });
  });

  it.each([
    [
      'OTEL_METRICS_EXPORTER',
      'statsd',
      /^OTEL_METRICS_EXPORTER: expected one of prometheus, otlp, console, none; got "statsd"/,
    ],
    ['OTEL_METRIC_EXPORT_INTERVAL', 'soon', /^OTEL_METRIC_EXPORT_INTERVAL: expected a number of 0 or more, got "soon"/],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', /^OTEL_EXPORTER_OTLP_PROTOCOL: expected http\/protobuf, got "grpc"/],
  ])('refuses %s=%s', async (name, value, message) => {
    vi.stubEnv(name, value);
    await expect(startMetrics()).rejects.toThrow(message);
  });
});

describe('options that cannot be', () => {
  it.each([
    [{ exporter: 'statsd' }, /^exporter: expected one of prometheus, otlp, console; got "statsd"/],
    [
      { exporter: 'prometheus', everyStep: true },
      /^everyStep: expected exporter 'otlp' or 'console', got 'prometheus'/,
    ],
    [{ port: 70_000 }, /^port: expected a whole number of 0 or more, up to 65535; got 70000/],
    [{ rank: -1 }, /^rank: /],
    [{ rank: 4, workers: 4 }, /^workers: expected a whole number of 5 or more; got 4/],
    [{ exporter: 'otlp', url: 'collector' }, /^url: expected an http:\/\/ or https:\/\/ address, got "collector"/],
    [{ intervalMs: 0 }, /^intervalMs: expected a positive number, got 0/],
    [{ lingerMs: -1 }, /^lingerMs: /],
    [{ detail: 'all' }, /^detail: /],
  ])('refuses %j', async (options, message) => {
    await expect(startMetrics({ port: 0, ...options } as MetricsOptions)).rejects.toThrow(message);
  });
});
