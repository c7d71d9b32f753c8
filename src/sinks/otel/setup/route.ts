import type { MeterProvider } from '@opentelemetry/api';
import { prometheusRoad } from '#sinks/otel/setup/prometheus-road';
import type { Alerts } from '../alerts.js';
import type { GaugeOutput } from '../gauge-frame.js';
import { type GaugeProducer, gaugeProducer } from '../gauge-producer.js';
import { NO_METERS } from '../global-meters.js';
import type { MetricsExporter } from './environment.js';
import type { ExportLedger } from './export-ledger.js';
import { importSdk, requirePeers } from './optional-peers.js';
import { consoleRoad, otlpRoad } from './readers.js';
import { describeProcess } from './resource.js';
import type { Road } from './road.js';
import type { Settings } from './settings.js';

/** A run's provider, and every way on which its metrics leave. */
export interface Route {
  readonly roads: readonly Road[];
  /** Where gauges go: to each road. */
  readonly output: GaugeOutput;
  readonly provider: ShutdownProvider;
}

/** What an SDK's provider has beyond the API's. */
export interface ShutdownProvider extends MeterProvider {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** @throws Error for a port that is taken or a package that is not installed. */
export async function openRoute(settings: Settings, ledger: ExportLedger, told: Alerts): Promise<Route> {
  await requirePeers(settings.exporters, settings.push.protocol);
  const { MeterProvider } = await importSdk();
  const resource = await describeProcess(settings.resource.defaults, settings.resource.said);
  const roads: Road[] = [];
  for (const exporter of settings.exporters) {
    roads.push(await openRoad(exporter, { settings, ledger, told }).catch((cause) => closeAll(roads, cause)));
  }
  const provider = new MeterProvider({ resource, readers: roads.map(({ reader }) => reader) });
  return { roads, output: toAll(roads.map(({ output }) => output)), provider };
}

/** What has been opened before something failed. */
async function closeAll(roads: readonly Road[], cause: unknown): Promise<never> {
  for (const { server } of roads) await server?.close();
  throw cause;
}

interface RoadParts {
  readonly settings: Settings;
  readonly ledger: ExportLedger;
  readonly told: Alerts;
}

function openRoad(exporter: MetricsExporter, { settings, ledger, told }: RoadParts): Promise<Road> {
  const { push } = settings;
  switch (exporter) {
    case 'prometheus':
      return openPage(settings.prometheus, told);
    case 'otlp':
      return otlpRoad(
        push,
        producerOf(settings, ledger),
        ledger.watch({ name: `otlp ${push.shownUrl}`, secrets: push.secrets }),
      );
    case 'console':
      return consoleRoad(push, producerOf(settings, ledger), ledger.watch({ name: 'console', secrets: [] }));
  }
}

function openPage({ elsewhere, ...where }: Settings['prometheus'], told: Alerts): Promise<Road> {
  const onFailure = ({ message, cause }: Error) =>
    told.begin({ rule: 'otel-page', severity: 'warning', message: `${message}, and no scrape is answered: ${cause}` });
  return prometheusRoad(where, onFailure).catch((cause: Error) => {
    // A platform says one port to all ranks of a machine, say: none of them ends for it.
    if (Object.keys(elsewhere).length === 0 || !/^port: /.test(cause.message)) throw cause;
    told.begin({
      rule: 'otel-port',
      severity: 'warning',
      message: `OTEL_EXPORTER_PROMETHEUS_*: ${cause.message}; another is taken instead, see url`,
    });
    return prometheusRoad({ ...where, ...elsewhere }, onFailure);
  });
}

/** Each reader takes what waits: every one has its own producer. */
function producerOf({ everyStep, maxPoints }: Settings, ledger: ExportLedger): GaugeProducer {
  const producer = gaugeProducer({ everyStep, maxPoints });
  producer.onDropped = (points) => ledger.dropped(points);
  return producer;
}

function toAll(outputs: readonly GaugeOutput[]): GaugeOutput {
  return {
    write: (frame) => {
      for (const output of outputs) output.write(frame);
    },
    end: () => {
      for (const output of outputs) output.end();
    },
  };
}

/** For OTEL_SDK_DISABLED. */
export const NOWHERE: Route = {
  roads: [],
  output: toAll([]),
  provider: { ...NO_METERS, forceFlush: async () => {}, shutdown: async () => {} },
};
