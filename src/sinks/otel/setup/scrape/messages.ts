import type { Attributes } from '@opentelemetry/api';
import type { ScopeMetrics } from '@opentelemetry/sdk-metrics';
import type { GaugeMetric } from '../../gauge-frame.js';

export interface ScrapeServerOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly allowedHosts: readonly string[];
}

/** What the page's thread is started with. */
export interface ScrapeOptions extends ScrapeServerOptions {
  /** The file of `@opentelemetry/exporter-prometheus`, which writes the page. */
  readonly exporter: string;
  /** `[0]` counts the scrapes that have been answered. */
  readonly scrapes: SharedArrayBuffer;
}

/** All metrics at one moment, as they go to the page's thread. */
export interface Collected {
  readonly resource: Attributes;
  /** Of the SDK's instruments. */
  readonly scopes: readonly ScopeMetrics[];
  readonly gauges: readonly GaugesMessage[];
  /** Milliseconds that the loop's thread has spent on it. */
  readonly loopMs: number;
}

/** A frame of gauges; without its rows while they are those of its group's last one. */
export interface GaugesMessage {
  readonly group: string;
  readonly metrics: readonly GaugeMetric[];
  readonly rows?: readonly Attributes[];
  readonly columns: readonly Float64Array<ArrayBuffer>[];
}

/** To the thread. */
export type Request =
  | { readonly kind: 'collected'; readonly metrics: Collected }
  | { readonly kind: 'not-collected'; readonly reason: string }
  /** Say when a scrape that begins from now on has been answered. */
  | { readonly kind: 'watch' };

/** From the thread: somebody wants a page, or a scrape that was watched for has been answered. */
export type Reply = { readonly kind: 'collect' } | { readonly kind: 'scraped' };
