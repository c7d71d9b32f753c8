import type { MeterProvider } from '@opentelemetry/api';
import type { Observable } from 'rxjs';
import type { AlertEvent } from '../../events/events.js';
import { within } from '../../events/within.js';
import { type Alerts, alerts } from './alerts.js';
import { type GaugeProducer, gaugeProducer } from './gauge-producer.js';
import { NO_METERS } from './global-meters.js';
import { createOtelSink, type OtelSink } from './otel-sink.js';
import { readEnvironment } from './setup/environment.js';
import { ExportLedger } from './setup/export-ledger.js';
import { importSdk, requirePeers } from './setup/optional-peers.js';
import { consoleRoad, otlpRoad, prometheusRoad, type Road } from './setup/readers.js';
import { describeProcess } from './setup/resource.js';
import { type MetricsOptions, resolveSettings, type Settings } from './setup/settings.js';
import type { ExportCounts, ExportWatcher } from './setup/watch-exports.js';
import { METER_NAME } from './views.js';

/** A run's metrics, on their way. */
export interface TrainingMetricsSetup {
  /** Attach it to the run's events and updates. */
  readonly sink: OtelSink;
  /** The run's own provider, for instruments of yours. */
  readonly meterProvider: MeterProvider;
  /** Where to scrape, or where points go. */
  readonly url: string | undefined;
  /** Troubles of the telemetry itself: give them to `training.report`. */
  readonly alerts$: Observable<AlertEvent>;
  /** What became of the exports so far. */
  readonly counts: ExportCounts;
  /** Send what is left, wait for a last scrape if so told, and shut down. It never rejects; look at the counts. */
  finish(): Promise<ExportCounts>;
}

/**
 * Set up OpenTelemetry for one run, for those who have no SDK of their own: a provider, an exporter, and a sink for them.
 *
 * Needs the packages `@opentelemetry/sdk-metrics`, `/resources` and `/exporter-prometheus` or
 * `/exporter-metrics-otlp-proto`. Nothing is registered globally: two runs in one process do not mix.
 *
 * A training loop that never yields (`minimize` in a `for` without `await`) leaves no time for a scrape or an export:
 * put `await tf.nextFrame()` into it.
 *
 * @throws TypeError or RangeError for an option or OTEL_* variable that cannot be; Error for a port that is taken or a
 * package that is not installed.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { merge } from 'rxjs';
 * import { parameterUpdates } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 * import { startMetrics } from 'trainscope/otel';
 *
 * const metrics = await startMetrics({ exporter: 'prometheus', port: 0, run: 'first', model: 'line' });
 * console.log(`scrape ${metrics.url}`);
 *
 * const w = tf.variable(tf.scalar(1), true, 'w');
 * const optimizer = tf.train.sgd(0.1);
 * const training = instrument(optimizer, { run: 'first' });
 * const updates$ = training.events$.pipe(parameterUpdates());
 * training.attach(merge(training.events$, updates$), metrics.sink);
 * try {
 *   for (let step = 0; step < 100; step++) {
 *     optimizer.minimize(() => w.square() as tf.Scalar);
 *     await tf.nextFrame(); // time for a scrape
 *   }
 * } finally {
 *   await training.close();
 *   await metrics.finish();
 * }
 * ```
 */
export async function startMetrics(options: MetricsOptions = {}): Promise<TrainingMetricsSetup> {
  const settings = resolveSettings(options, readEnvironment());
  const told = alerts();
  const { root, run, producer: producerOptions } = settings;
  const ledger = new ExportLedger({
    alerts: told,
    destination: settings.name,
    run,
    root,
    maxPoints: producerOptions.maxPoints,
  });
  const producer = gaugeProducer(producerOptions);
  producer.onDropped = (points) => ledger.dropped(points);
  const { road, provider } = settings.disabled ? NOWHERE : await open(settings, producer, ledger);
  ledger.countIn(provider.getMeter(METER_NAME));
  return new Telemetry(settings, { alerts: told, ledger, producer, road, provider });
}

async function open(settings: Settings, producer: GaugeProducer, ledger: ExportLedger): Promise<Route> {
  await requirePeers(settings.exporter);
  const { MeterProvider } = await importSdk();
  const resource = await describeProcess(settings.resource.defaults, settings.resource.said);
  const road = await openRoad(settings, producer, ledger);
  return { road, provider: new MeterProvider({ resource, readers: [road.reader] }) };
}

function openRoad(settings: Settings, producer: GaugeProducer, watcher: ExportWatcher): Promise<Road> {
  switch (settings.exporter) {
    case 'prometheus':
      return prometheusRoad(settings.prometheus, producer);
    case 'otlp':
      return otlpRoad(settings.push, producer, watcher);
    case 'console':
      return consoleRoad(settings.push, producer, watcher);
  }
}

interface Route {
  readonly road: Road | undefined;
  readonly provider: ShutdownProvider;
}

/** What an SDK's provider has beyond the API's. */
interface ShutdownProvider extends MeterProvider {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** For OTEL_SDK_DISABLED. */
const NOWHERE: Route = {
  road: undefined,
  provider: { ...NO_METERS, forceFlush: async () => {}, shutdown: async () => {} },
};

interface Parts extends Route {
  readonly alerts: Alerts;
  readonly ledger: ExportLedger;
  readonly producer: GaugeProducer;
}

class Telemetry implements TrainingMetricsSetup {
  readonly sink: OtelSink;
  readonly url: string | undefined;
  readonly alerts$: Observable<AlertEvent>;
  readonly #settings: Settings;
  readonly #parts: Parts;
  #finishing: Promise<ExportCounts> | undefined;

  constructor(settings: Settings, parts: Parts) {
    const { alerts, provider, producer, road } = parts;
    this.#settings = settings;
    this.#parts = parts;
    this.url = road?.server?.url ?? (road && settings.endpoint);
    this.alerts$ = alerts.alerts$;
    this.sink = createOtelSink(
      { ...settings.sinkOptions, meterProvider: provider, producer },
      { name: `otelSink(${settings.name})`, alerts, flush: () => this.#flush() },
    );
  }

  get meterProvider(): MeterProvider {
    return this.#parts.provider;
  }

  get counts(): ExportCounts {
    const { road, ledger } = this.#parts;
    return { ...ledger.counts, ...(road?.server && { exports: road.server.scrapes }) };
  }

  finish(): Promise<ExportCounts> {
    this.#finishing ??= this.#finish();
    return this.#finishing;
  }

  async #finish(): Promise<ExportCounts> {
    const { road, provider, ledger, alerts } = this.#parts;
    const { finishTimeoutMs, lingerMs } = this.#settings;
    if (road?.server && lingerMs > 0) await within(lingerMs, road.server.nextScrape());
    await within(finishTimeoutMs, provider.shutdown());
    ledger.close(road?.exporter?.pendingPoints ?? 0);
    await road?.server?.close();
    alerts.close();
    return this.counts;
  }

  async #flush(): Promise<void> {
    if (!this.#finishing) await within(this.#settings.finishTimeoutMs, this.#parts.provider.forceFlush());
  }
}
