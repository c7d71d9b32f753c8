import { createRequire } from 'node:module';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { ServerThread } from '../../../serving/server-thread.js';
import type { ScrapeServer } from '../road.js';
import type { LatestGauges } from './latest-gauges.js';
import type { Collected, Reply, Request, ScrapeOptions, ScrapeServerOptions } from './messages.js';
import { SCRAPE_WORKER } from './worker.bundle.js';

/** Where the metrics are. */
export interface Metrics {
  /** Of the SDK's instruments. */
  collect(): Promise<ResourceMetrics>;
  readonly gauges: LatestGauges;
  /** The page is served no more, though nobody has closed it. */
  onFailure(cause: Error): void;
}

/**
 * Serve metrics at one path of one address, from a thread of its own: it does all but collecting, which only this thread
 * can do, and for which it asks once for all who scrape within a moment. It does not keep a process alive.
 *
 * @throws Error when the port is taken or the address is not of this machine.
 */
export function scrapeThread(where: ScrapeServerOptions, { collect, gauges, onFailure }: Metrics): ScrapeServer {
  const scrapes = new Int32Array(new SharedArrayBuffer(4));
  const waiting: (() => void)[] = [];
  let closed = false;
  const tellAll = () => {
    for (const tell of waiting.splice(0)) tell();
    thread.keepAlive(false);
  };
  const options: ScrapeOptions = { ...where, exporter: exporterFile(), scrapes: scrapes.buffer };
  const thread = new ServerThread<ScrapeOptions, Request, Reply>({
    what: 'the metrics page',
    code: SCRAPE_WORKER,
    options,
    onReply: ({ kind }) => (kind === 'scraped' ? tellAll() : void answer()),
    onEnd(cause) {
      tellAll();
      if (!closed) onFailure(cause);
    },
  });

  async function answer(): Promise<void> {
    const begin = performance.now();
    try {
      const { resource, scopeMetrics } = await collect();
      const taken = gauges.take();
      const loopMs = performance.now() - begin;
      const metrics: Collected = { resource: resource.attributes, scopes: scopeMetrics, gauges: taken, loopMs };
      const memory = taken.flatMap(({ columns }) => columns.map(({ buffer }) => buffer));
      thread.post({ kind: 'collected', metrics }, memory);
    } catch (cause) {
      gauges.forget();
      thread.post({ kind: 'not-collected', reason: String(cause) });
    }
  }

  return {
    url: `${thread.url}${where.path}`,
    get scrapes() {
      return Atomics.load(scrapes, 0);
    },
    nextScrape() {
      if (thread.ended) return Promise.resolve();
      thread.keepAlive(true);
      thread.post({ kind: 'watch' });
      return new Promise((resolve) => waiting.push(resolve));
    },
    close() {
      closed = true;
      return thread.stop();
    },
  };
}

/** Resolved from here, as the thread's text has no place of its own. */
function exporterFile(): string {
  return createRequire(import.meta.url).resolve('@opentelemetry/exporter-prometheus');
}
