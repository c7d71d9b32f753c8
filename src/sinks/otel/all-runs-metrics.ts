import type { MeterProvider } from '@opentelemetry/api';
import type { MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { importPrometheus } from '#sinks/otel/setup/prometheus-road';
import type { GaugeProducer } from './gauge-producer.js';
import { gaugeProducer } from './gauge-producer.js';
import { type OtelSink, otelSink } from './otel-sink.js';
import { importSdk, requirePeers } from './setup/optional-peers.js';
import type { ShutdownProvider } from './setup/route.js';

/** The metrics of many runs, as one text for Prometheus. */
export interface AllRunsMetrics {
  /** A sink for one run; its metrics are shown until some minutes after its end. */
  sink(): OtelSink;
  /** The page, in the text format of Prometheus. */
  text(): Promise<string>;
  close(): Promise<void>;
}

interface KeptRun {
  readonly provider: MeterProvider & ShutdownProvider;
  readonly producer: GaugeProducer;
  collect(): Promise<ResourceMetrics>;
}

/** So long after its end the last values of a run are shown: a few scrapes see how it ended. */
const KEPT_AFTER_END_MS = 300_000;

/**
 * Metrics of many runs at one place. Each run has a provider of its own, so that one that has ended leaves nothing behind.
 *
 * @throws Error that says what is to be installed.
 */
export async function allRunsMetrics(): Promise<AllRunsMetrics> {
  await requirePeers(['prometheus'], 'http/protobuf', 'metrics');
  const [{ MeterProvider }, { PrometheusExporter, PrometheusSerializer }] = await Promise.all([
    importSdk(),
    importPrometheus(),
  ]);
  const serializer = new PrometheusSerializer();
  const runs = new Set<KeptRun>();

  function open(): KeptRun {
    const reader = new PrometheusExporter({ preventServerStart: true });
    const provider = new MeterProvider({ readers: [reader] });
    const collect = async () => (await reader.collect()).resourceMetrics;
    const run: KeptRun = { provider, producer: gaugeProducer(), collect };
    runs.add(run);
    return run;
  }

  function endLater(run: KeptRun): void {
    const end = () => {
      runs.delete(run);
      void run.provider.shutdown();
    };
    setTimeout(end, KEPT_AFTER_END_MS).unref();
  }

  return {
    sink() {
      const run = open();
      const sink = otelSink({ meterProvider: run.provider, producer: run.producer });
      sink.closed.then(
        () => endLater(run),
        () => endLater(run),
      );
      return sink;
    },
    async text() {
      const collected = await Promise.all([...runs].map(collectRun));
      const [first] = collected;
      return first ? serializer.serialize(together(collected.flat(), first[0]!)) : '# no run yet\n';
    },
    async close() {
      await Promise.all([...runs].map(({ provider }) => provider.shutdown()));
      runs.clear();
    },
  };
}

async function collectRun({ collect, producer }: KeptRun): Promise<readonly ResourceMetrics[]> {
  return [await collect(), (await producer.collect()).resourceMetrics];
}

/** Prometheus wants all series of a metric in one place. */
function together(all: readonly ResourceMetrics[], { resource }: ResourceMetrics): ResourceMetrics {
  const metrics = new Map<string, MetricData>();
  const scopes = all.flatMap(({ scopeMetrics }) => scopeMetrics);
  for (const metric of scopes.flatMap((scope) => scope.metrics)) {
    const { name } = metric.descriptor;
    const known = metrics.get(name);
    const dataPoints = [...(known?.dataPoints ?? []), ...metric.dataPoints];
    metrics.set(name, { ...metric, dataPoints } as MetricData);
  }
  const [scope] = scopes;
  return { resource, scopeMetrics: scope ? [{ scope: scope.scope, metrics: [...metrics.values()] }] : [] };
}
