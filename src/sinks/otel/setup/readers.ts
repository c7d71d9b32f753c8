import type { IMetricReader, MetricProducer, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { importOtlp, importPrometheus, importSdk } from './optional-peers.js';
import { type ScrapeServer, scrapeServer } from './scrape-server.js';
import { type ExportWatcher, type WatchedExporter, watchExports } from './watch-exports.js';

/** How metrics leave the process. */
export interface Road {
  readonly reader: IMetricReader;
  readonly server?: ScrapeServer;
  readonly exporter?: WatchedExporter;
}

export interface PrometheusRoad {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** A scrape endpoint of our own: the exporter's server would only log that a port is taken, and cannot take any that is free. */
export async function prometheusRoad(where: PrometheusRoad, producer: MetricProducer): Promise<Road> {
  const { PrometheusExporter } = await importPrometheus();
  const reader = new PrometheusExporter({
    preventServerStart: true,
    metricProducers: [producer],
    // The rank tells workers apart; what else is known of the process is in target_info.
    withResourceConstantLabels: /\.worker\.rank$/,
    withoutScopeInfo: true,
  });
  const server = await scrapeServer(where, (request, response) => reader.getMetricsRequestHandler(request, response));
  return { reader, server };
}

export interface PushRoad {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface OtlpRoad extends PushRoad {
  /** Undefined: as the environment says, or the Collector of this machine. */
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Whether the environment says how to compress. */
  readonly compressionFromEnvironment: boolean;
}

export async function otlpRoad(road: OtlpRoad, producer: MetricProducer, watcher: ExportWatcher): Promise<Road> {
  const { OTLPMetricExporter } = await importOtlp();
  type Config = NonNullable<ConstructorParameters<typeof OTLPMetricExporter>[0]>;
  const { url, headers, timeoutMs, compressionFromEnvironment } = road;
  const exporter = new OTLPMetricExporter({
    timeoutMillis: timeoutMs,
    ...(url !== undefined && { url }),
    ...(headers && { headers: { ...headers } }),
    ...(!compressionFromEnvironment && { compression: 'gzip' as NonNullable<Config['compression']> }),
  });
  return periodically(exporter, road, producer, watcher);
}

export async function consoleRoad(road: PushRoad, producer: MetricProducer, watcher: ExportWatcher): Promise<Road> {
  const { ConsoleMetricExporter } = await importSdk();
  return periodically(new ConsoleMetricExporter(), road, producer, watcher);
}

async function periodically(
  inner: PushMetricExporter,
  { intervalMs, timeoutMs }: PushRoad,
  producer: MetricProducer,
  watcher: ExportWatcher,
): Promise<Road> {
  const { PeriodicExportingMetricReader } = await importSdk();
  const exporter = watchExports(inner, watcher);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: timeoutMs,
    metricProducers: [producer],
  });
  return { reader, exporter };
}
