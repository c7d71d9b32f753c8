/** The metrics page's own thread: it writes, compresses and serves what the loop's thread collects. */
import { createRequire } from 'node:module';
import { serveInThread } from '../../../../serving/serve-in-thread.js';
import type { Collected, Reply, Request, ScrapeOptions } from '../messages.js';
import { pageText, type Serializer } from './page-text.js';
import { scrapeServer } from './scrape-server.js';

type PrometheusSerializer = new (
  prefix: string,
  appendTimestamp: boolean,
  resourceLabels: RegExp,
  withoutTargetInfo: boolean,
  withoutScopeInfo: boolean,
) => Serializer;

void serveInThread<ScrapeOptions, Request>(async ({ exporter, scrapes, ...where }, port) => {
  const reply = (message: Reply) => port.postMessage(message);
  const { PrometheusSerializer } = createRequire(exporter)(exporter) as { PrometheusSerializer: PrometheusSerializer };
  // The rank tells workers apart; what else is known of the process is in target_info.
  const textOf = pageText(new PrometheusSerializer('', false, /\.worker\.rank$/, false, true));
  const answered = new Int32Array(scrapes);
  let collection: { resolve(metrics: Collected): void; reject(reason: string): void } | undefined;

  const collect = () =>
    new Promise<Collected>((resolve, reject) => {
      collection = { resolve, reject };
      reply({ kind: 'collect' });
    });
  const make = async () => {
    const collected = await collect();
    const begin = performance.now();
    const text = textOf(collected);
    return { text, loopMs: collected.loopMs, threadMs: performance.now() - begin };
  };
  const server = await scrapeServer(where, make, () => Atomics.add(answered, 0, 1));
  const take = (request: Request) => {
    switch (request.kind) {
      case 'collected':
        collection?.resolve(request.metrics);
        break;
      case 'not-collected':
        collection?.reject(request.reason);
        break;
      case 'watch':
        void server.nextScrape().then(() => reply({ kind: 'scraped' }));
    }
  };
  return { url: server.url, take, close: () => void server.close() };
});
