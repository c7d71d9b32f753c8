import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Histories, PageFiles } from '../../../page/index.js';
import { isForeignOrigin, isOwnHost, LIMITS, listen } from '../../../sinks/serving/index.js';
import { PAGE_HEADERS as HEADERS } from '../../page-headers.js';
import { StreamClient } from './stream-client.js';

export interface LiveServerOptions {
  readonly host: string;
  readonly port: number;
  /** Pages that may follow at once; others are answered 503. */
  readonly maxClients: number;
  /** Milliseconds between two messages to a page, at least. */
  readonly intervalMs: number;
  /** A page that takes nothing for so long is dropped; it may come back. */
  readonly patienceMs: number;
}

export interface LiveServer {
  readonly url: string;
  /** Pages that follow now. */
  readonly clients: number;
  /** The histories have changed: the pages hear of it soon. */
  changed(): void;
  /** Tell the pages at once. */
  flush(): void;
  close(): Promise<void>;
}

const HEARTBEAT_MS = 15_000;
const SPARE_CONNECTIONS = 32;

/**
 * Serve the page and, at `/events`, the histories as server-sent events: first what there is, then what changes. A page
 * that comes back says what it has had, and gets the rest.
 *
 * @throws Error when the port is taken or the address is not of this machine.
 */
export async function liveServer(
  histories: Histories,
  files: PageFiles,
  { host, port, maxClients, intervalMs, patienceMs }: LiveServerOptions,
): Promise<LiveServer> {
  const clients = new Set<StreamClient>();
  /** Versions are those of this server's life; a page that followed another one begins anew. */
  const life = randomBytes(6).toString('hex');
  let timer: NodeJS.Timeout | undefined;
  let sentAt = -Infinity;

  const server = createServer(LIMITS, (request, response) => {
    const path = request.url?.split('?')[0] ?? '/';
    if (!isOwnHost(request.headers.host)) refuse(response, 403, 'Host: expected localhost or an address');
    else if (request.method !== 'GET' && request.method !== 'HEAD') refuse(response, 405, 'method: expected GET');
    else if (path === '/events' && isForeignOrigin(request.headers))
      refuse(response, 403, 'Origin: expected this page');
    else if (path === '/events') follow(request, response);
    else if (Object.hasOwn(files, path)) answer(response, files[path]!);
    else refuse(response, 404, 'not found');
  });

  // Those that follow, and some that ask for the page meanwhile. Others are closed as they come: each has a descriptor.
  server.maxConnections = maxClients + SPARE_CONNECTIONS;

  function follow(request: IncomingMessage, response: ServerResponse): void {
    if (clients.size >= maxClients) {
      response.setHeader('Retry-After', '10');
      refuse(response, 503, `pages: expected at most ${maxClients} at once`);
      return;
    }
    response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream; charset=utf-8' });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const client = new StreamClient(response, versionOf(request.headers['last-event-id']));
    clients.add(client);
    response.on('close', () => clients.delete(client));
    response.on('error', () => clients.delete(client));
    client.send('retry: 1000\n\n', performance.now());
    update([client]);
  }

  function versionOf(lastEventId: string | string[] | undefined): number {
    const [itsLife, version] = String(lastEventId).split('-');
    return itsLife === life && /^\d+$/.test(version ?? '') ? Math.min(Number(version), histories.version) : 0;
  }

  /** Bring these pages up to date; those at the same version share one text. */
  function update(those: Iterable<StreamClient>): void {
    const now = performance.now();
    const texts = new Map<number, string>();
    for (const client of those) {
      if (client.blockedMs(now) > patienceMs) client.drop();
      if (!client.ready || (client.version === histories.version && client.version > 0)) continue;
      let text = texts.get(client.version);
      if (text === undefined) {
        const data = JSON.stringify(histories.changesSince(client.version));
        text = `id: ${life}-${histories.version}\ndata: ${data}\n\n`;
        texts.set(client.version, text);
      }
      client.version = histories.version;
      client.send(text, now);
    }
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    sentAt = performance.now();
    update(clients);
  }

  const heartbeat = setInterval(() => {
    update(clients);
    for (const client of clients) if (client.ready) client.send(':\n\n', performance.now());
  }, HEARTBEAT_MS);

  const origin = await listen(server, { host, port });
  return {
    url: `${origin}/`,
    get clients() {
      return clients.size;
    },
    changed() {
      timer ??= setTimeout(flush, Math.max(0, sentAt + intervalMs - performance.now()));
    },
    flush,
    close: () =>
      new Promise((resolve) => {
        clearInterval(heartbeat);
        clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, { type, body }: PageFiles[string]): void {
  response.writeHead(200, { ...HEADERS, 'Content-Type': type });
  response.end(body);
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${reason}\n`);
}
