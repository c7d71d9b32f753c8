import type { Attributes } from '@opentelemetry/api';
import { SERVES_METRICS } from '#sinks/otel/setup/prometheus-road';
import {
  checkOneOf,
  checkOptions,
  checkPositive,
  describeValue,
  LONGEST_TIMER_MS,
  type OptionNames,
} from '../../../events/index.js';
import { namesUnder } from '../names.js';
import { checkSinkOptions, type OtelSinkOptions } from '../otel-sink.js';
import {
  type Environment,
  EXPORTERS,
  isHttpUrl,
  type MetricsExporter,
  type OtlpProtocol,
  PROTOCOLS,
} from './environment.js';
import { redactUrl } from './redact-url.js';
import { secretsOf } from './secrets.js';

export type { MetricsExporter, OtlpProtocol } from './environment.js';

/** Options of {@link startMetrics}; what is not said here is taken from the OTEL_* variables, then from the defaults. */
export interface MetricsOptions extends Omit<OtelSinkOptions, 'meterProvider' | 'producer' | 'seriesLimit'> {
  /**
   * How metrics leave the process; several ways at once are a list. Default: OTEL_METRICS_EXPORTER, else `prometheus`,
   * in a browser `otlp`.
   */
  readonly exporter?: MetricsExporter | readonly MetricsExporter[];
  /** The run's name, as given to `instrument`: for `service.instance.id`. Default: `run`. */
  readonly run?: string;
  /** The model's name: the resource attribute `ml.model.name`. */
  readonly model?: string;
  /** This worker's number, from 0: the resource attribute `ml.worker.rank`. Default: OTEL_RESOURCE_ATTRIBUTES', else 0. */
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
  /**
   * With `prometheus`, names by which the page may be asked for, besides addresses, localhost and this machine's name:
   * those of a service or a container, say. A page of another origin comes by a name of its own. Default: none.
   */
  readonly allowedHosts?: readonly string[];
  /** With `prometheus`, how long `finish()` waits for one more scrape, in ms, so that the last step is seen. Default: 0. */
  readonly lingerMs?: number;

  /** With `otlp`, where to. Default: the OTEL_EXPORTER_OTLP_* variables, else http://localhost:4318/v1/metrics. */
  readonly url?: string;
  /** With `otlp`, in what form. Default: OTEL_EXPORTER_OTLP_PROTOCOL, else `http/protobuf`. */
  readonly protocol?: OtlpProtocol;
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
  allowedHosts: true,
  lingerMs: true,
  url: true,
  protocol: true,
  headers: true,
  intervalMs: true,
  timeoutMs: true,
  everyStep: true,
  maxPoints: true,
  finishTimeoutMs: true,
  detail: true,
  maxParameters: true,
  maxMetrics: true,
  movers: true,
  statistics: true,
  tags: true,
  root: true,
};

export type Settings = ReturnType<typeof resolveSettings>;

/**
 * What `startMetrics` was told, with the environment and the defaults behind it.
 *
 * @throws TypeError or RangeError for an option that cannot be; never for a variable.
 */
export function resolveSettings(options: MetricsOptions, environment: Environment) {
  checkOptions('startMetrics', options, METRICS_OPTIONS);
  const { run = 'run', root = 'ml', lingerMs = 0, maxPoints = 100_000 } = options;
  const { exporters, everyStep, warnings } = resolveExporters(options, environment);
  checkSinkOptions(options);
  const push = resolvePush(options, environment);
  return {
    disabled: environment.disabled || exporters.length === 0,
    exporters,
    warnings: [...environment.warnings, ...warnings],
    /** Said in messages. */
    name: exporters.map((each) => (each === 'otlp' ? `otlp ${push.shownUrl}` : each)).join(', ') || 'none',
    run,
    root,
    prometheus: {
      host: options.host ?? environment.prometheusHost ?? '127.0.0.1',
      port: whole('port', options.port ?? environment.prometheusPort ?? 9464, 0, 65_535),
      path: options.path ?? '/metrics',
      allowedHosts: options.allowedHosts ?? [],
      /** Where it cannot listen at what the environment says, it listens elsewhere, and that is told. */
      elsewhere: {
        ...(options.host === undefined && environment.prometheusHost !== undefined && { host: '127.0.0.1' }),
        ...(options.port === undefined && environment.prometheusPort !== undefined && { port: 0 }),
      },
    },
    push,
    everyStep,
    maxPoints,
    lingerMs: lingerMs === 0 ? 0 : checkPositive('lingerMs', lingerMs),
    finishTimeoutMs: checkPositive('finishTimeoutMs', options.finishTimeoutMs ?? 8_000),
    resource: resolveResource(options, environment),
    sinkOptions: sinkOptionsOf(options),
  };
}

/** A browser can only send. */
const EXPORTERS_HERE: readonly MetricsExporter[] = EXPORTERS.filter((each) => SERVES_METRICS || each !== 'prometheus');

const EVERY_STEP = "everyStep: expected exporter 'otlp' or 'console', got 'prometheus'";

function resolveExporters(options: MetricsOptions, environment: Environment) {
  const said = options.exporter === undefined ? undefined : [options.exporter].flat();
  for (const each of said ?? []) checkOneOf('exporter', each, EXPORTERS_HERE);
  if (said?.length === 0)
    throw new TypeError(`exporter: expected at least one of ${EXPORTERS_HERE.join(', ')}; got none`);
  const exporters = [...new Set(said ?? environment.exporters ?? [EXPORTERS_HERE[0]!])];
  const { everyStep = false } = options;
  if (!everyStep || exporters.length === 0 || exporters.some((each) => each !== 'prometheus')) {
    return { exporters, everyStep, warnings: [] };
  }
  if (!said && environment.exporters) {
    return {
      exporters,
      everyStep: false,
      warnings: [`${EVERY_STEP} of OTEL_METRICS_EXPORTER; only last steps are seen`],
    };
  }
  throw new TypeError(`${EVERY_STEP}; a scrape has one value a series, so send OTLP to a Collector or to Prometheus`);
}

function resolvePush(options: MetricsOptions, environment: Environment) {
  // A timer that is set for longer ends at once.
  const intervalMs = Math.min(
    checkPositive('intervalMs', options.intervalMs ?? environment.intervalMs ?? 5_000),
    LONGEST_TIMER_MS,
  );
  const timeoutMs = checkPositive('timeoutMs', options.timeoutMs ?? environment.timeoutMs ?? 5_000);
  const url = metricsUrl(options.url) ?? environment.endpoint ?? 'http://localhost:4318/v1/metrics';
  if (options.protocol !== undefined) checkOneOf('protocol', options.protocol, PROTOCOLS);
  const headers = { ...environment.headers, ...options.headers };
  return {
    url,
    shownUrl: redactUrl(url),
    secrets: secretsOf(url, headers),
    protocol: options.protocol ?? environment.protocol ?? ('http/protobuf' as const),
    headers,
    intervalMs,
    timeoutMs: Math.min(timeoutMs, intervalMs),
    compression: environment.compression ?? ('gzip' as const),
    base2Histograms: environment.base2Histograms,
  };
}

function resolveResource(options: MetricsOptions, { resource: fromEnvironment }: Environment) {
  const { run = 'run', workers, model, serviceName, resource } = options;
  const { attributes } = namesUnder(options.root ?? 'ml');
  if (options.rank !== undefined) whole('rank', options.rank, 0);
  if (workers !== undefined) whole('workers', workers, (options.rank ?? 0) + 1);
  const rank = options.rank ?? fromEnvironment.get(attributes.rank) ?? 0;
  return {
    defaults: { 'service.name': 'trainscope', 'service.instance.id': `${run}/${rank}`, [attributes.rank]: 0 },
    said: {
      ...(serviceName !== undefined && { 'service.name': serviceName }),
      ...(model !== undefined && { [attributes.model]: model }),
      ...(options.rank !== undefined && { [attributes.rank]: options.rank }),
      ...(workers !== undefined && { [attributes.workers]: workers }),
      ...resource,
    },
  };
}

function sinkOptionsOf(options: MetricsOptions): OtelSinkOptions {
  const { detail, maxParameters, maxMetrics, movers, statistics, tags, root } = options;
  return {
    ...(detail && { detail }),
    ...(maxParameters !== undefined && { maxParameters }),
    ...(maxMetrics !== undefined && { maxMetrics }),
    ...(movers !== undefined && { movers }),
    ...(statistics && { statistics }),
    ...(tags && { tags }),
    ...(root !== undefined && { root }),
  };
}

/** `http://collector:4318` is as good as with the path that OTLP wants. */
function metricsUrl(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (typeof url !== 'string' || !isHttpUrl(url)) {
    const shown = describeValue(typeof url === 'string' ? redactUrl(url) : url);
    throw new TypeError(`url: expected an http:// or https:// address, got ${shown}`);
  }
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
