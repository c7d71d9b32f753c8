import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { GaugeProducer } from '../gauge-producer.js';
import type { OtlpProtocol } from './environment.js';
import { VARIABLES } from './environment.js';
import { jsonMetrics } from './json-metrics.js';
import { importOtlp, importOtlpJson, importSdk } from './optional-peers.js';
import type { Road } from './road.js';
import { seeRejections } from './see-rejections.js';
import { type ExportWatcher, type WatchOptions, watchExports } from './watch-exports.js';

export interface PushRoad {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface OtlpRoad extends PushRoad {
  readonly url: string;
  /** Without what may be secret. */
  readonly shownUrl: string;
  readonly protocol: OtlpProtocol;
  /** All of them, those of variables too. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'gzip' | 'none';
  readonly base2Histograms: boolean;
}

export async function otlpRoad(road: OtlpRoad, producer: GaugeProducer, watcher: ExportWatcher): Promise<Road> {
  const isJson = road.protocol === 'http/json';
  const { OTLPMetricExporter } = await (isJson ? importOtlpJson() : importOtlp());
  const { AggregationType, InstrumentType } = await importSdk();
  type Config = NonNullable<ConstructorParameters<typeof OTLPMetricExporter>[0]>;
  const { url, shownUrl, headers, timeoutMs, compression, base2Histograms } = road;
  const config: Config = {
    url,
    timeoutMillis: timeoutMs,
    headers: { ...headers },
    compression: compression as NonNullable<Config['compression']>,
    ...(base2Histograms && {
      aggregationPreference: (instrument) => ({
        type: instrument === InstrumentType.HISTOGRAM ? AggregationType.EXPONENTIAL_HISTOGRAM : AggregationType.DEFAULT,
      }),
    }),
  };
  const exporter = withoutVariables(HEADER_VARIABLES, () => new OTLPMetricExporter(config));
  const takeRejection = seeRejections(exporter);
  const options = { watcher, takeRejection, ...(isJson && { change: jsonMetrics }) };
  return { ...(await periodically(exporter, road, producer, options)), url: shownUrl };
}

/** The exporter would take from them what HTTP cannot send, too, and then send nothing. */
const HEADER_VARIABLES = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_METRICS_HEADERS'];

function withoutVariables<T>(names: readonly string[], make: () => T): T {
  const set = names.flatMap((name) => (VARIABLES[name] === undefined ? [] : [[name, VARIABLES[name]]]));
  for (const name of names) delete VARIABLES[name];
  try {
    return make();
  } finally {
    Object.assign(VARIABLES, Object.fromEntries(set));
  }
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
