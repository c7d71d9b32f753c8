import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { type HostNames, isForeignOrigin, isOwnHost, LIMITS } from '../../http-guard.js';
import { type Page, sharedPage } from './shared-page.js';

export interface ScrapeServer {
  /** Where to scrape. */
  readonly url: string;
  /** Scrapes that have been answered. */
  readonly scrapes: number;
  /** Resolves when a scrape that begins from now on has been answered. */
  nextScrape(): Promise<void>;
  close(): Promise<void>;
}

export interface ScrapeServerOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly allowedHosts: readonly string[];
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
  render: () => Promise<string>,
): Promise<ScrapeServer> {
  let scrapes = 0;
  let waiting: (() => void)[] = [];
  const page = sharedPage(render);
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
      scrapes++;
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

  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(host, port, cause)));
    server.listen({ host, port }, resolve);
  });
  // What goes wrong with a connection (no file descriptor for it, say) is not the training's.
  server.on('error', () => {});
  server.unref();
  const { port: given, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${host}]` : host}:${given}${path}`,
    get scrapes() {
      return scrapes;
    },
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

function listenError(host: string, port: number, cause: NodeJS.ErrnoException): Error {
  const fix =
    cause.code === 'EADDRINUSE' ? 'choose another, or 0 for any that is free' : 'give a host address of this machine';
  return new Error(`port: expected one that can be listened on, got ${port} on ${host} (${cause.code}); ${fix}`, {
    cause,
  });
}
