import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { type HostNames, isForeignOrigin, isOwnHost, LIMITS } from '../../../../serving/http-guard.js';
import { listen } from '../../../../serving/listen.js';
import type { ScrapeServerOptions } from '../messages.js';
import { type Made, type Page, sharedPage } from './shared-page.js';

/** The page of metrics, in its thread. */
export interface ScrapeServing {
  /** `http://127.0.0.1:9464`. */
  readonly url: string;
  /** Resolves when a scrape that begins from now on has been answered. */
  nextScrape(): Promise<void>;
  close(): Promise<void>;
}

/** Connections at once; more are closed as they come. A scraper needs one. */
const MOST_CONNECTIONS = 64;

/**
 * Serve metrics at one path of one address. It does not keep a process alive, answers GET and HEAD alone, and asks once
 * for a page for all who scrape within a moment.
 *
 * @throws Error when the port is taken or the address is not of this machine.
 */
export async function scrapeServer(
  { host, port, path, allowedHosts }: ScrapeServerOptions,
  make: () => Promise<Made>,
  onScrape: () => void,
): Promise<ScrapeServing> {
  let waiting: (() => void)[] = [];
  const page = sharedPage(make);
  const names: HostNames = new Set([host, hostname(), ...allowedHosts].map((name) => name.toLowerCase()));

  const server = createServer(LIMITS, (request, response) => {
    const refusal = refusalOf(request, path, names);
    if (refusal) refuse(response, ...refusal);
    else if (request.method === 'HEAD') response.writeHead(200, HEADERS).end();
    else void scrape(request, response);
  });
  server.maxConnections = MOST_CONNECTIONS;

  async function scrape(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const told = waiting;
    waiting = [];
    response.on('finish', () => {
      if (response.statusCode !== 200) return;
      onScrape();
      for (const tell of told) tell();
    });
    // Cut off before it was whole: those who wait go on waiting.
    response.on('close', () => {
      if (!response.writableFinished || response.statusCode !== 200) waiting.push(...told);
    });
    try {
      await answer(request, response, await page());
    } catch (cause) {
      refuse(response, 500, `the metrics cannot be collected: ${String(cause)}`);
    }
  }

  return {
    url: await listen(server, { host, port }),
    nextScrape: () => new Promise((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const HEADERS = {
  'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  Vary: 'Accept-Encoding',
};

async function answer({ headers }: IncomingMessage, response: ServerResponse, page: Page): Promise<void> {
  const gzips = acceptsGzip(headers['accept-encoding']);
  const body = gzips ? await page.gzipped() : page.text;
  response.writeHead(200, { ...HEADERS, ...(gzips && { 'Content-Encoding': 'gzip' }) }).end(body);
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .some((coding) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(coding));
}

function refusalOf(
  { headers, method, url }: IncomingMessage,
  path: string,
  names: HostNames,
): [status: number, reason: string] | undefined {
  if (!isOwnHost(headers.host, names)) {
    return [403, 'Host: expected localhost, an address, or a name of allowedHosts; add this one to allowedHosts'];
  }
  if (isForeignOrigin(headers)) return [403, 'Origin: expected that of this page'];
  if (method !== 'GET' && method !== 'HEAD') return [405, 'method: expected GET'];
  if (url?.split('?')[0] !== path) return [404, `metrics are at ${path}`];
  return undefined;
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  const allow = status === 405 && { Allow: 'GET, HEAD' };
  response.writeHead(status, { ...HEADERS, ...allow }).end(`${reason}\n`);
}
