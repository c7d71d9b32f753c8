import type { Road } from './road.js';
import { LatestGauges } from './scrape/latest-gauges.js';
import type { ScrapeServerOptions } from './scrape/messages.js';
import { type Metrics, scrapeThread } from './scrape/scrape-thread.js';

/** Whether this program can serve a page of metrics. In a browser it is prometheus-road.browser.ts. */
export const SERVES_METRICS: boolean = true;

export const importPrometheus = () => import('@opentelemetry/exporter-prometheus');

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
