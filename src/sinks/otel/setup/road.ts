import type { IMetricReader } from '@opentelemetry/sdk-metrics';
import type { GaugeOutput } from '../gauge-frame.js';
import type { WatchedExporter } from './watch-exports.js';

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

/** The page of metrics, seen from the loop's side. */
export interface ScrapeServer {
  /** Where to scrape. */
  readonly url: string;
  /** Scrapes that have been answered. */
  readonly scrapes: number;
  /** Resolves when a scrape that begins from now on has been answered, and where there can be none any more. */
  nextScrape(): Promise<void>;
  close(): Promise<void>;
}
