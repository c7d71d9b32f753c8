import type { IMetricReader, MetricProducer, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { OtlpProtocol } from './environment.js';
import { jsonMetrics } from './json-metrics.js';
import { importOtlp, importOtlpJson, importPrometheus, importSdk } from './optional-peers.js';
import { type ScrapeServer, type ScrapeServerOptions, scrapeServer } from './scrape-server.js';
import { seeRejections } from './see-rejections.js';
import { type ExportWatcher, type WatchedExporter, type WatchOptions, watchExports } from './watch-exports.js';

/** How metrics leave the process. */
export interface Road {
  readonly reader: IMetricReader;
  /** Where to scrape, or where points go. */
  readonly url?: string;
  readonly server?: ScrapeServer;
  readonly exporter?: WatchedExporter;
}

/** A scrape endpoint of our own: the exporter's server would only log that a port is taken, and cannot take any that is free. */
export async function prometheusRoad(where: ScrapeServerOptions, producer: MetricProducer): Promise<Road> {
  const { PrometheusExporter, PrometheusSerializer } = await importPrometheus();
  const reader = new PrometheusExporter({ preventServerStart: true, metricProducers: [producer] });
  // The rank tells workers apart; what else is known of the process is in target_info.
  const serializer = new PrometheusSerializer('', false, /\.worker\.rank$/, false, true);
  const server = await scrapeServer(where, async () => {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) throw errors[0];
    return serializer.serialize(resourceMetrics);
  });
  return { reader, server, url: server.url };
}

export interface PushRoad {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface OtlpRoad extends PushRoad {
  readonly url: string;
  /** Without what may be secret. */
  readonly shownUrl: string;
  readonly protocol: OtlpProtocol;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly compression: 'gzip' | 'none';
  readonly base2Histograms: boolean;
}

export async function otlpRoad(road: OtlpRoad, producer: MetricProducer, watcher: ExportWatcher): Promise<Road> {
  const isJson = road.protocol === 'http/json';
  const { OTLPMetricExporter } = await (isJson ? importOtlpJson() : importOtlp());
  const { AggregationType, InstrumentType } = await importSdk();
  type Config = NonNullable<ConstructorParameters<typeof OTLPMetricExporter>[0]>;
  const { url, shownUrl, headers, timeoutMs, compression, base2Histograms } = road;
  const exporter = new OTLPMetricExporter({
    url,
    timeoutMillis: timeoutMs,
    ...(headers && { headers: { ...headers } }),
    compression: compression as NonNullable<Config['compression']>,
    ...(base2Histograms && {
      aggregationPreference: (instrument) => ({
        type: instrument === InstrumentType.HISTOGRAM ? AggregationType.EXPONENTIAL_HISTOGRAM : AggregationType.DEFAULT,
      }),
    }),
  });
  const takeRejection = seeRejections(exporter);
  const options = { watcher, takeRejection, ...(isJson && { change: jsonMetrics }) };
  return { ...(await periodically(exporter, road, producer, options)), url: shownUrl };
}

export async function consoleRoad(road: PushRoad, producer: MetricProducer, watcher: ExportWatcher): Promise<Road> {
  const { ConsoleMetricExporter } = await importSdk();
  return periodically(new ConsoleMetricExporter(), road, producer, { watcher });
}

async function periodically(
  inner: PushMetricExporter,
  { intervalMs, timeoutMs }: PushRoad,
  producer: MetricProducer,
  options: WatchOptions,
): Promise<Road> {
  const { PeriodicExportingMetricReader } = await importSdk();
  const exporter = watchExports(inner, options);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: timeoutMs,
    metricProducers: [producer],
  });
  return { reader, exporter };
}
