import type { MeterProvider } from '@opentelemetry/api';
import type { Observable } from 'rxjs';
import { type AlertEvent, within } from '../../events/index.js';
import { type Alerts, alerts } from './alerts.js';
import { createOtelSink, type OtelSink } from './otel-sink.js';
import { readEnvironment } from './setup/environment.js';
import { ExportLedger } from './setup/export-ledger.js';
import { requirePeers } from './setup/optional-peers.js';
import type { ScrapeServer } from './setup/road.js';
import { NOWHERE, openRoute, type Route } from './setup/route.js';
import { type MetricsExporter, type MetricsOptions, resolveSettings, type Settings } from './setup/settings.js';
import type { ExportCounts } from './setup/watch-exports.js';
import { cleanTags } from './tags.js';
import { METER_NAME, METER_VERSION } from './views.js';

/** A run's metrics, on their way. */
export interface TrainingMetricsSetup {
  /** Attach it to the run's events and updates. */
  readonly sink: OtelSink;
  /** The run's own provider, for instruments of yours. */
  readonly meterProvider: MeterProvider;
  /** Where to scrape, or where points go: of the first exporter that has such. Without user, password and query. */
  readonly url: string | undefined;
  /** The same of each exporter. */
  readonly urls: Readonly<Partial<Record<MetricsExporter, string>>>;
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
 * `/exporter-metrics-otlp-proto` (with `http/json`, `/exporter-metrics-otlp-http`). Nothing is registered globally:
 * two runs in one process do not mix.
 *
 * A training loop that never yields (`minimize` in a `for` without `await`) leaves no time for a scrape or an export:
 * put `await tf.nextFrame()` into it.
 *
 * In a browser it sends OTLP over `fetch`, or prints to the console; the endpoint has to allow the page's origin (CORS).
 *
 * What an OTEL_* variable says that cannot be meant is an alert, `otel-environment`, and is ignored; OTEL_SDK_DISABLED wins
 * over all options.
 *
 * @throws TypeError or RangeError for an option that cannot be; Error for a port that is taken or a package that is not
 * installed.
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
  const { root, run, maxPoints, sinkOptions } = settings;
  const told = alerts(run);
  const tags = cleanTags(sinkOptions.tags ?? {}, root);
  const ledger = new ExportLedger({ alerts: told, run, root, tags, maxPoints });
  const route = settings.disabled ? NOWHERE : await openRoute(settings, ledger, told);
  sayWarnings(told, settings.warnings);
  ledger.countIn(route.provider.getMeter(METER_NAME, METER_VERSION));
  return new Telemetry(settings, { alerts: told, ledger, ...route });
}

/**
 * See that {@link startMetrics} can be called with these options later.
 *
 * @throws TypeError or RangeError for an option that cannot be; Error for a package that is not installed.
 */
export async function checkMetrics(options: MetricsOptions): Promise<void> {
  const { disabled, exporters, push } = resolveSettings(options, readEnvironment());
  if (!disabled) await requirePeers(exporters, push.protocol);
}

function sayWarnings(told: Alerts, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  told.begin({ rule: 'otel-environment', severity: 'warning', message: warnings.join('; '), value: warnings.length });
}

interface Parts extends Route {
  readonly alerts: Alerts;
  readonly ledger: ExportLedger;
}

class Telemetry implements TrainingMetricsSetup {
  readonly sink: OtelSink;
  readonly url: string | undefined;
  readonly urls: TrainingMetricsSetup['urls'];
  readonly alerts$: Observable<AlertEvent>;
  readonly #settings: Settings;
  readonly #parts: Parts;
  #finishing: Promise<ExportCounts> | undefined;

  constructor(settings: Settings, parts: Parts) {
    const { alerts, provider, roads, output } = parts;
    this.#settings = settings;
    this.#parts = parts;
    const urls = roads.flatMap(({ url }, i) => (url === undefined ? [] : [[settings.exporters[i]!, url] as const]));
    this.url = urls[0]?.[1];
    this.urls = Object.fromEntries(urls);
    this.alerts$ = alerts.alerts$;
    this.sink = createOtelSink(
      { ...settings.sinkOptions, meterProvider: provider },
      { name: `otelSink(${settings.name})`, alerts, flush: () => this.#flush(), output },
    );
  }

  get meterProvider(): MeterProvider {
    return this.#parts.provider;
  }

  get counts(): ExportCounts {
    const { counts } = this.#parts.ledger;
    return { ...counts, exports: this.#servers.reduce((sum, { scrapes }) => sum + scrapes, counts.exports) };
  }

  get #servers(): ScrapeServer[] {
    return this.#parts.roads.flatMap(({ server }) => server ?? []);
  }

  finish(): Promise<ExportCounts> {
    this.#finishing ??= this.#finish();
    return this.#finishing;
  }

  async #finish(): Promise<ExportCounts> {
    const { roads, provider, ledger, alerts } = this.#parts;
    const { finishTimeoutMs, lingerMs } = this.#settings;
    const servers = this.#servers;
    if (lingerMs > 0) await within(lingerMs, Promise.all(servers.map((server) => server.nextScrape())));
    await within(finishTimeoutMs, provider.shutdown());
    ledger.close(roads.reduce((sum, { exporter }) => sum + (exporter?.pendingPoints ?? 0), 0));
    for (const server of servers) await server.close();
    alerts.close();
    return this.counts;
  }

  async #flush(): Promise<void> {
    if (!this.#finishing) await within(this.#settings.finishTimeoutMs, this.#parts.provider.forceFlush());
  }
}
