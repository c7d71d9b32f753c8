import type { IMetricReader, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { GaugeOutput } from '../gauge-frame.js';
import type { GaugeProducer } from '../gauge-producer.js';
import type { OtlpProtocol } from './environment.js';
import { jsonMetrics } from './json-metrics.js';
import { importOtlp, importOtlpJson, importPrometheus, importSdk } from './optional-peers.js';
import { LatestGauges } from './scrape/latest-gauges.js';
import type { ScrapeServerOptions } from './scrape/messages.js';
import { type Metrics, type ScrapeServer, scrapeThread } from './scrape/scrape-thread.js';
import { seeRejections } from './see-rejections.js';
import { type ExportWatcher, type WatchedExporter, type WatchOptions, watchExports } from './watch-exports.js';

/** How metrics leave the process. */
export interface Road {
  readonly reader: IMetricReader;
  /** Where gauges go. */
  readonly output: GaugeOutput;
  /** Where to scrape, or where points go. */
  readonly url?: string;
  readonly server?: ScrapeServer;
  readonly exporter?: WatchedExporter;
}

/** A scrape endpoint of our own: the exporter's server would only log that a port is taken, and cannot take any that is free. */
export async function prometheusRoad(where: ScrapeServerOptions, onFailure: Metrics['onFailure']): Promise<Road> {
  const { PrometheusExporter } = await importPrometheus();
  const reader = new PrometheusExporter({ preventServerStart: true });
  const gauges = new LatestGauges();
  const collect = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) throw errors[0];
    return resourceMetrics;
  };
  const server = scrapeThread(where, { collect, gauges, onFailure });
  return { reader, output: gauges.output, server, url: server.url };
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

export async function otlpRoad(road: OtlpRoad, producer: GaugeProducer, watcher: ExportWatcher): Promise<Road> {
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

export async function consoleRoad(road: PushRoad, producer: GaugeProducer, watcher: ExportWatcher): Promise<Road> {
  const { ConsoleMetricExporter } = await importSdk();
  return periodically(new ConsoleMetricExporter(), road, producer, { watcher });
}

async function periodically(
  inner: PushMetricExporter,
  { intervalMs, timeoutMs }: PushRoad,
  producer: GaugeProducer,
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
  return { reader, output: producer.output, exporter };
}
