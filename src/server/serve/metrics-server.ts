import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { isForeignOrigin, isOwnHost, LIMITS, listen } from '../../sinks/serving/index.js';
import type { IngestOptions } from '../ingest/ingest.js';

/** Connections at once; more are closed as they come. A scraper needs one. */
const MOST_CONNECTIONS = 64;
const HEADERS = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };

/** The metrics of all runs at a port of their own: for scrapers that know no token, and nothing else is there. */
export async function metricsServer(
  port: number,
  { host = '127.0.0.1', allowedHosts = [] }: IngestOptions,
  scrape: (response: ServerResponse) => void,
): Promise<{ url: string; server: Server }> {
  const names = new Set([host, hostname(), ...allowedHosts].map((name) => name.toLowerCase()));
  const server = createServer(LIMITS, (request, response) => {
    const [status, reason] = refusalOf(request, names) ?? [];
    if (status === undefined) scrape(response);
    else response.writeHead(status, HEADERS).end(`${reason}\n`);
  });
  server.maxConnections = MOST_CONNECTIONS;
  return { url: `${await listen(server, { host, port })}/metrics`, server };
}

function refusalOf(
  { headers, method, url }: IncomingMessage,
  names: ReadonlySet<string>,
): readonly [status: number, reason: string] | undefined {
  if (!isOwnHost(headers.host, names)) return [403, 'Host: expected a name of this machine; add it to allowedHosts'];
  if (isForeignOrigin(headers)) return [403, 'Origin: expected that of this page'];
  if (method !== 'GET' && method !== 'HEAD') return [405, 'method: expected GET'];
  if (url?.split('?')[0] !== '/metrics') return [404, 'metrics are at /metrics'];
  return undefined;
}
