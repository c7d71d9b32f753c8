import type { Attributes } from '@opentelemetry/api';
import { checkOneOf, checkOptions, checkPositive, type OptionNames } from '../../../events/check-option.js';
import { namesUnder } from '../names.js';
import { checkSinkOptions, type OtelSinkOptions } from '../otel-sink.js';
import type { Environment } from './environment.js';

export type MetricsExporter = 'prometheus' | 'otlp' | 'console';

/** Options of {@link startMetrics}; what is not said here is taken from the OTEL_* variables, then from the defaults. */
export interface MetricsOptions extends Omit<OtelSinkOptions, 'meterProvider' | 'producer' | 'seriesLimit'> {
  /** How metrics leave the process. Default: OTEL_METRICS_EXPORTER, else `prometheus`. */
  readonly exporter?: MetricsExporter;
  /** The run's name, as given to `instrument`: for `service.instance.id`. Default: `run`. */
  readonly run?: string;
  /** The model's name: the resource attribute `ml.model.name`. */
  readonly model?: string;
  /** This worker's number, from 0: the resource attribute `ml.worker.rank`. Default: 0. */
  readonly rank?: number;
  /** How many workers there are: the resource attribute `ml.worker.count`. */
  readonly workers?: number;
  /** Default: OTEL_SERVICE_NAME, else `trainscope`. */
  readonly serviceName?: string;
  /** More attributes of the resource. */
  readonly resource?: Attributes;

  /** With `prometheus`, the address to listen on. Default: OTEL_EXPORTER_PROMETHEUS_HOST, else 127.0.0.1. */
  readonly host?: string;
  /** With `prometheus`, the port; 0 for any that is free. Default: OTEL_EXPORTER_PROMETHEUS_PORT, else 9464. */
  readonly port?: number;
  /** With `prometheus`, the path. Default: `/metrics`. */
  readonly path?: string;
  /** With `prometheus`, how long `finish()` waits for one more scrape, in ms, so that the last step is seen. Default: 0. */
  readonly lingerMs?: number;

  /** With `otlp`, where to. Default: the OTEL_EXPORTER_OTLP_* variables, else http://localhost:4318/v1/metrics. */
  readonly url?: string;
  /** With `otlp`, headers of the requests. */
  readonly headers?: Readonly<Record<string, string>>;
  /** With `otlp` and `console`, the time between exports, in ms. Default: OTEL_METRIC_EXPORT_INTERVAL, else 5,000. */
  readonly intervalMs?: number;
  /** How long an export may take, in ms, at most the interval. Default: OTEL_METRIC_EXPORT_TIMEOUT, else 5,000. */
  readonly timeoutMs?: number;
  /** With `otlp` and `console`, send every step's values, each at its own time, not only the last. Default: false. */
  readonly everyStep?: boolean;
  /** With `everyStep`, how many points may wait for an export; the oldest go first. Default: 100,000. */
  readonly maxPoints?: number;
  /** How long `finish()` and the sink's `flush()` may take, lingering apart, in ms. Default: 8,000. */
  readonly finishTimeoutMs?: number;
}

const METRICS_OPTIONS: OptionNames<MetricsOptions> = {
  exporter: true,
  run: true,
  model: true,
  rank: true,
  workers: true,
  serviceName: true,
  resource: true,
  host: true,
  port: true,
  path: true,
  lingerMs: true,
  url: true,
  headers: true,
  intervalMs: true,
  timeoutMs: true,
  everyStep: true,
  maxPoints: true,
  finishTimeoutMs: true,
  detail: true,
  maxParameters: true,
  movers: true,
  statistics: true,
  tags: true,
  root: true,
};

export type Settings = ReturnType<typeof resolveSettings>;

/**
 * What `startMetrics` was told, with the environment and the defaults behind it.
 *
 * @throws TypeError or RangeError for what cannot be.
 */
export function resolveSettings(options: MetricsOptions, environment: Environment) {
  checkOptions('startMetrics', options, METRICS_OPTIONS);
  const {
    run = 'run',
    rank = 0,
    workers,
    model,
    serviceName,
    resource,
    everyStep = false,
    maxPoints = 100_000,
    root = 'ml',
    lingerMs = 0,
  } = options;
  const chosen = options.exporter ?? environment.exporter ?? 'prometheus';
  const exporter = chosen === 'none' ? 'prometheus' : checkOneOf('exporter', chosen, ['prometheus', 'otlp', 'console']);
  if (everyStep && exporter === 'prometheus') {
    throw new TypeError(
      "everyStep: expected exporter 'otlp' or 'console', got 'prometheus'; a scrape has one value a series, so send OTLP to a Collector or to Prometheus",
    );
  }
  checkSinkOptions(options);
  whole('rank', rank, 0);
  if (workers !== undefined) whole('workers', workers, rank + 1);
  const intervalMs = checkPositive('intervalMs', options.intervalMs ?? environment.intervalMs ?? 5_000);
  const timeoutMs = checkPositive('timeoutMs', options.timeoutMs ?? environment.timeoutMs ?? 5_000);
  const endpoint =
    exporter === 'otlp'
      ? (metricsUrl(options.url) ?? environment.endpoint ?? 'http://localhost:4318/v1/metrics')
      : undefined;
  const { attributes } = namesUnder(root);
  return {
    disabled: environment.disabled || chosen === 'none',
    exporter,
    /** Said in messages. */
    name: endpoint ? `${exporter} ${endpoint}` : exporter,
    run,
    root,
    endpoint,
    prometheus: {
      host: options.host ?? environment.prometheusHost ?? '127.0.0.1',
      port: whole('port', options.port ?? environment.prometheusPort ?? 9464, 0, 65_535),
      path: options.path ?? '/metrics',
    },
    push: {
      url: metricsUrl(options.url),
      headers: options.headers,
      intervalMs,
      timeoutMs: Math.min(timeoutMs, intervalMs),
      compressionFromEnvironment: environment.compression,
    },
    producer: { everyStep, maxPoints },
    lingerMs: lingerMs === 0 ? 0 : checkPositive('lingerMs', lingerMs),
    finishTimeoutMs: checkPositive('finishTimeoutMs', options.finishTimeoutMs ?? 8_000),
    resource: {
      defaults: { 'service.name': 'trainscope', 'service.instance.id': `${run}/${rank}` },
      said: {
        ...(serviceName !== undefined && { 'service.name': serviceName }),
        ...(model !== undefined && { [attributes.model]: model }),
        [attributes.rank]: rank,
        ...(workers !== undefined && { [attributes.workers]: workers }),
        ...resource,
      },
    },
    sinkOptions: sinkOptionsOf(options),
  };
}

function sinkOptionsOf({ detail, maxParameters, movers, statistics, tags, root }: MetricsOptions): OtelSinkOptions {
  return {
    ...(detail && { detail }),
    ...(maxParameters !== undefined && { maxParameters }),
    ...(movers !== undefined && { movers }),
    ...(statistics && { statistics }),
    ...(tags && { tags }),
    ...(root !== undefined && { root }),
  };
}

/** `http://collector:4318` is as good as with the path that OTLP wants. */
function metricsUrl(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (!URL.canParse(url))
    throw new TypeError(`url: expected an http:// or https:// address, got ${JSON.stringify(url)}`);
  const parsed = new URL(url);
  if (parsed.pathname === '/') parsed.pathname = '/v1/metrics';
  return parsed.href;
}

function whole(name: string, value: number, least: number, most = Infinity): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(
    `${name}: expected a whole number of ${least} or more${most < Infinity ? `, up to ${most}` : ''}; got ${String(value)}`,
  );
}
