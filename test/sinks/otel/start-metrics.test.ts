import { readFileSync } from 'node:fs';
import type { AlertEvent } from 'trainscope';
import { type MetricsOptions, startMetrics, type TrainingMetricsSetup } from 'trainscope/otel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { updatesOf } from '../../helpers/updates.js';
import { otlpReceiver, respondPartially } from './otlp-receiver.js';
import { manyRatios, stepEnd } from './updates.js';

const cleanUp: (() => unknown)[] = [];
// What begins before anybody can listen is said there too.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
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
    // The page's thread says so after it has answered.
    await vi.waitFor(() => expect(metrics.counts.exports).toBe(1));
  });

  it('shows names as text, whatever they hold', async () => {
    const metrics = await start({ exporter: 'prometheus', port: 0 });
    metrics.sink.next({ ...stepEnd(1), run: 'a"} 1\nevil{b="\\' });
    const lines = await scrape(metrics);
    const loss = lines.find((line) => line.startsWith('ml_training_loss{'));
    expect(loss).toContain(String.raw`ml_run_id="a\"} 1\nevil{b=\"\\"`);
    expect(lines.filter((line) => line.startsWith('evil'))).toEqual([]);
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

  it.each(['http/protobuf', 'http/json'] as const)('keeps values that are not finite: %s', async (protocol) => {
    const server = await receiver();
    const metrics = await start({ exporter: 'otlp', url: server.url, protocol });
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
      ['rejected', 0],
      ['buffer', 0],
    ]);
  });

  it.each(['http/protobuf', 'http/json'] as const)('counts what the endpoint does not take: %s', async (protocol) => {
    const server = await receiver();
    const metrics = await start({ exporter: 'otlp', url: server.url, protocol });
    server.answerWith((response) => respondPartially(response, protocol, { rejected: 3, message: 'too old' }));
    metrics.sink.next(stepEnd(1));
    await metrics.sink.flush();
    metrics.sink.next(stepEnd(2));
    await metrics.sink.flush();
    const sent = server.points.length;
    expect(metrics.counts).toEqual({ exports: 2, failures: 0, exportedPoints: sent - 6, droppedPoints: 6 });
    expect(metrics.alerts).toMatchObject([{ rule: 'otel-rejected', severity: 'warning', phase: 'begin', value: 3 }]);
    expect(metrics.alerts[0]!.message).toBe(
      `otlp ${server.url}/v1/metrics did not take 3 points of an export: too old; they are lost, the training goes on`,
    );
    server.answerWith((response) => response.writeHead(200).end());
    await metrics.sink.flush();
    expect(metrics.alerts).toMatchObject([{}, { rule: 'otel-rejected', phase: 'end' }]);
    const lost = server.requests.at(-1)!.points.filter(({ metric }) => metric === 'ml.telemetry.points.dropped');
    expect(lost.map(({ attributes, value }) => [attributes['ml.telemetry.reason'], value])).toEqual([
      ['export', 0],
      ['rejected', 6],
      ['buffer', 0],
    ]);
  });

  it('tells what an endpoint says that took everything', async () => {
    const server = await receiver();
    server.answerWith((response) => respondPartially(response, 'http/json', { rejected: 0, message: 'old protocol' }));
    const metrics = await start({ exporter: 'otlp', url: server.url, protocol: 'http/json' });
    await metrics.sink.flush();
    expect(metrics.alerts).toMatchObject([{ rule: 'otel-endpoint', severity: 'info' }]);
    expect(metrics.counts.droppedPoints).toBe(0);
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

  it('tells of itself with the tags, in one scope with the version of the package, and in whole numbers', async () => {
    const server = await receiver();
    const metrics = await start({ exporter: 'otlp', url: server.url, tags: { team: 'vision' } });
    metrics.sink.next(stepEnd(1));
    await metrics.finish();
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(server.requests[0]!.scopes).toEqual([{ name: 'trainscope', version }]);
    expect(server.points.filter(({ attributes }) => attributes.team !== 'vision')).toEqual([]);
    const whole = server.points.filter(({ isInteger }) => isInteger).map(({ metric }) => metric);
    expect(new Set(whole)).toEqual(
      new Set([
        ...['step', 'steps', 'examples', 'status'].map((name) => `ml.training.${name}`),
        ...['export.failures', 'points.dropped'].map((name) => `ml.telemetry.${name}`),
      ]),
    );
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

  it('leaves out headers that HTTP cannot send, and tells of them without their values', async () => {
    const server = await receiver();
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=right,a b=hush,x-key=hu%0Ash,none,=hush');
    const metrics = await start({ exporter: 'otlp', url: server.url });
    metrics.sink.next(stepEnd(1));
    await metrics.finish();
    expect(server.requests[0]!.headers).toMatchObject({ authorization: 'right' });
    expect(process.env.OTEL_EXPORTER_OTLP_HEADERS).toContain('x-key');
    const told = metrics.alerts.map(({ message }) => message).join();
    expect(told).toContain('OTEL_EXPORTER_OTLP_HEADERS: expected name=value pairs that HTTP can send, got "a b=…"');
    expect(told).not.toMatch(/hush|hu\ns/);
  });

  it.each([
    ['OTEL_SDK_DISABLED', 'true', { exporter: 'prometheus', port: 0 } as const],
    ['OTEL_SDK_DISABLED', 'TRUE', { exporter: ['otlp', 'prometheus'] } as const],
    ['OTEL_METRICS_EXPORTER', 'none', {}],
  ])('turns everything off by %s=%s', async (name, value, options) => {
    vi.stubEnv(name, value);
    const metrics = await start(options);
    expect(metrics.url).toBeUndefined();
    metrics.sink.next(stepEnd(1));
    expect(await metrics.finish()).toEqual({ exports: 0, failures: 0, exportedPoints: 0, droppedPoints: 0 });
  });

  it.each([
    ['OTEL_METRICS_EXPORTER', 'statsd', 'one of prometheus, otlp, console, none, or several with commas between them'],
    ['OTEL_METRIC_EXPORT_INTERVAL', 'abc', 'a positive number of milliseconds'],
    ['OTEL_METRIC_EXPORT_INTERVAL', '0', 'a positive number of milliseconds'],
    ['OTEL_METRIC_EXPORT_INTERVAL', '-1', 'a positive number of milliseconds'],
    ['OTEL_METRIC_EXPORT_TIMEOUT', 'Infinity', 'a number of milliseconds, or 0'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '10s', 'a number of milliseconds, or 0'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'one of http/protobuf, http/json'],
    ['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', 'grpc', 'one of http/protobuf, http/json'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd', 'one of gzip, none'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317', 'an http:// or https:// address'],
    ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', '//', 'an http:// or https:// address'],
    ['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'none', 'one of cumulative, delta, lowmemory'],
    [
      'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION',
      'log',
      'one of base2_exponential_bucket_histogram, explicit_bucket_histogram',
    ],
    ['OTEL_RESOURCE_ATTRIBUTES', 'team', 'key=value pairs with commas between them'],
    ['OTEL_SDK_DISABLED', 'yes', 'one of true, false'],
  ])('warns of %s=%s, and trains on without it', async (name, value, expected) => {
    const server = await receiver();
    if (!name.endsWith('ENDPOINT')) vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', `${server.url}/v1/metrics`);
    vi.stubEnv(name, value);
    const metrics = await start({ exporter: 'otlp', ...(name.endsWith('ENDPOINT') && { url: server.url }) });
    expect(metrics.alerts).toMatchObject([{ rule: 'otel-environment', severity: 'warning', phase: 'begin' }]);
    expect(metrics.alerts[0]!.message).toBe(
      `${name}: expected ${expected}, got ${JSON.stringify(value)}; it is ignored`,
    );
    metrics.sink.next(stepEnd(1));
    expect(await metrics.finish()).toMatchObject({ exports: 1, failures: 0 });
  });

  it.each(['70000', '-1', 'nine', '1.5'])('warns of OTEL_EXPORTER_PROMETHEUS_PORT=%s', async (port) => {
    vi.stubEnv('OTEL_EXPORTER_PROMETHEUS_PORT', port);
    const metrics = await start({ exporter: 'otlp', url: (await receiver()).url });
    expect(metrics.alerts[0]!.message).toContain(`OTEL_EXPORTER_PROMETHEUS_PORT: expected a port from 0 to 65535`);
  });

  it('listens elsewhere where a port or an address of the environment cannot be had, and says so', async () => {
    const first = await start({ exporter: 'prometheus', port: 0 });
    vi.stubEnv('OTEL_EXPORTER_PROMETHEUS_PORT', new URL(first.url!).port);
    vi.stubEnv('OTEL_EXPORTER_PROMETHEUS_HOST', '203.0.113.7');
    const metrics = await start({ exporter: 'prometheus' });
    expect(metrics.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    expect(metrics.alerts[0]!.message).toMatch(/EADDRNOTAVAIL.*another is taken instead/);
    metrics.sink.next(stepEnd(1));
    expect((await scrape(metrics)).join()).toContain('ml_training_loss');
  });

  it('does not refuse every step for the sake of a variable', async () => {
    vi.stubEnv('OTEL_METRICS_EXPORTER', 'prometheus');
    vi.stubEnv('OTEL_EXPORTER_PROMETHEUS_PORT', '0');
    const metrics = await start({ everyStep: true });
    expect(metrics.alerts[0]!.message).toMatch(/^everyStep: expected exporter 'otlp' or 'console'/);
  });

  it('is read whatever the case of its words', async () => {
    const server = await receiver();
    vi.stubEnv('OTEL_METRICS_EXPORTER', 'OTLP');
    vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'HTTP/JSON');
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', server.url);
    const metrics = await start({});
    metrics.sink.next(stepEnd(1));
    await metrics.finish();
    expect(server.requests).toMatchObject([{ contentType: 'application/json', encoding: 'gzip' }]);
    expect(metrics.alerts).toEqual([]);
  });

  it('leaves what options say alone, wrong or right', async () => {
    const server = await receiver();
    vi.stubEnv('OTEL_METRICS_EXPORTER', 'console');
    vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json');
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1');
    const metrics = await start({ exporter: 'otlp', url: server.url, protocol: 'http/protobuf' });
    metrics.sink.next(stepEnd(1));
    await metrics.finish();
    expect(server.requests).toMatchObject([{ contentType: 'application/x-protobuf' }]);
  });

  it("gives the worker's rank, which only a rank of the options replaces", async () => {
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'ml.worker.rank=3,team=vision');
    const ranked = await start({ exporter: 'prometheus', port: 0, run: 'test' });
    ranked.sink.next(stepEnd(1));
    const lines = await scrape(ranked);
    expect(lines).toContain('ml_training_loss{ml_run_id="test",ml_worker_rank="3"} 1');
    expect(lines.find((line) => line.startsWith('target_info{'))).toContain('service_instance_id="test/3"');
    const told = await start({ exporter: 'prometheus', port: 0, run: 'test', rank: 1 });
    told.sink.next(stepEnd(1));
    expect(await scrape(told)).toContain('ml_training_loss{ml_run_id="test",ml_worker_rank="1"} 1');
  });

  it('has several exporters at once, each with every point', async () => {
    const server = await receiver();
    vi.stubEnv('OTEL_METRICS_EXPORTER', 'otlp,prometheus');
    vi.stubEnv('OTEL_EXPORTER_PROMETHEUS_PORT', '0');
    const metrics = await start({ url: server.url, everyStep: true });
    expect(metrics.urls).toEqual({ prometheus: metrics.url, otlp: `${server.url}/v1/metrics` });
    for (const step of [1, 2, 3]) metrics.sink.next(stepEnd(step));
    expect(await scrape(metrics)).toContain('ml_training_step{ml_run_id="test",ml_worker_rank="0"} 3');
    expect(await metrics.finish()).toMatchObject({ exports: 2, failures: 0 });
    const steps = server.points.filter(({ metric }) => metric === 'ml.training.step');
    expect(steps.map(({ value }) => value)).toEqual([1, 2, 3]);
  });

  it('asks for base-2 histograms', async () => {
    const server = await receiver();
    vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION', 'base2_exponential_bucket_histogram');
    const metrics = await start({ exporter: 'otlp', url: server.url });
    metrics.sink.next(stepEnd(1));
    await metrics.finish();
    expect(server.points.find(({ metric }) => metric === 'ml.training.step.duration')).toMatchObject({
      kind: 'exponentialHistogram',
      value: 1,
    });
  });
});

describe('secrets of an address', () => {
  const secrets = /user|hush|token|abcdef/;

  it.each(['option', 'variable'])('are in no url, name, alert or file: by %s', async (by) => {
    const server = await receiver();
    const url = `${server.url.replace('//', '//user:hush%21@')}/v1/metrics?token=abcdef`;
    server.answerWith((response) => response.writeHead(400).end(`not ${url} nor hush!`));
    if (by === 'variable') vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', url);
    const metrics = await start({ exporter: 'otlp', ...(by === 'option' && { url }) });
    metrics.sink.next(stepEnd(1));
    await metrics.finish();
    expect(server.requests[0]!.path).toBe('/v1/metrics?token=abcdef');
    expect(metrics.url).toBe(`${server.url}/v1/metrics`);
    expect(metrics.urls.otlp).toBe(metrics.url);
    expect(metrics.sink.name).toBe(`otelSink(otlp ${server.url}/v1/metrics)`);
    expect(metrics.alerts).toHaveLength(1);
    expect(JSON.stringify(metrics.alerts)).not.toMatch(secrets);
    expect(JSON.stringify(server.points)).not.toMatch(secrets);
  });

  it.each(['option', 'variable'])('are in no alert where headers have them: by %s', async (by) => {
    const server = await receiver();
    // As a proxy does that shows the request.
    const headers = { authorization: 'Bearer abcdefg', 'x-key': 'hush hush' };
    server.answerWith((response) => response.writeHead(403, `not ${headers.authorization}`).end(headers['x-key']));
    if (by === 'variable') {
      vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20abcdefg');
      vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_HEADERS', 'x-key=hush%20hush');
    }
    const metrics = await start({ exporter: 'otlp', url: server.url, ...(by === 'option' && { headers }) });
    metrics.sink.next(stepEnd(1));
    await metrics.finish();
    expect(server.requests[0]!.headers).toMatchObject(headers);
    expect(metrics.alerts).toHaveLength(1);
    expect(metrics.alerts[0]!.message).toContain('failed: not …');
    expect(JSON.stringify(metrics.alerts)).not.toMatch(secrets);
  });

  it('are in no alert where the endpoint shows user and password as they were sent', async () => {
    const server = await receiver();
    const basic = Buffer.from('user:hush!').toString('base64');
    server.answerWith((response) =>
      respondPartially(response, 'http/protobuf', { rejected: 1, message: `not for ${basic}` }),
    );
    const metrics = await start({ exporter: 'otlp', url: server.url.replace('//', '//user:hush%21@') });
    metrics.sink.next(stepEnd(1));
    await metrics.finish();
    expect(metrics.alerts).toHaveLength(1);
    expect(metrics.alerts[0]!.message).toContain('not for …');
    expect(JSON.stringify(metrics.alerts)).not.toContain(basic);
  });

  it.each([
    'collector:4318?token=abcdef',
    'ftp://user:hush@collector/v1?token=abcdef',
    'http://user:hush@',
    'user:hush@collector',
    'http://user:hu/sh@collector:x',
  ])('are not in the refusal of %s', async (url) => {
    const refusal = await startMetrics({ exporter: 'otlp', url }).catch((cause: Error) => cause);
    expect(refusal).toBeInstanceOf(TypeError);
    expect(String(refusal)).not.toMatch(/user|hush|hu\/|token|abcdef/);
    vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', url);
    const metrics = await start({ exporter: 'otlp', url: (await receiver()).url });
    expect(metrics.alerts).toHaveLength(1);
    expect(JSON.stringify(metrics.alerts)).not.toMatch(/hush|hu\/|token|abcdef/);
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
