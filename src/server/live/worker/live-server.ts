import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Histories, type PageFiles, RUNS_KEPT } from '../../../page/index.js';
import { isForeignOrigin, isOwnHost, LIMITS, listen } from '../../../sinks/serving/index.js';
import { PAGE_HEADERS as HEADERS } from '../../page-headers.js';
import { paramsOf, refuse } from './answer-details.js';
import { EventTexts } from './event-texts.js';
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
  /** What else is answered to the page itself, by path. */
  readonly answers?: Readonly<Record<string, Answer>>;
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

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
/** For so long a page may wait for a place: one that opens its stream anew has only just left the one that it had. */
const PLACE_MS = 250;

/**
 * Serve the page and, at `/events`, the histories as server-sent events: first what there is, then what changes. A page
 * that comes back says what it has had, and gets the rest. It says the runs whose parameters it shows (`tables`), and is told
 * of those only; without, of the run that began last.
 *
 * @throws Error when the port is taken or the address is not of this machine.
 */
export async function liveServer(
  histories: Histories,
  files: PageFiles,
  { host, port, maxClients, intervalMs, patienceMs, answers = {} }: LiveServerOptions,
): Promise<LiveServer> {
  const clients = new Set<StreamClient>();
  const texts = new EventTexts(histories);
  let timer: NodeJS.Timeout | undefined;
  let sentAt = -Infinity;

  /** What is for the page alone. */
  const own: Readonly<Record<string, Answer>> = { ...answers, '/events': follow };

  const server = createServer(LIMITS, (request, response) => {
    const path = request.url?.split('?')[0] ?? '/';
    if (!isOwnHost(request.headers.host)) refuse(response, 403, 'Host: expected localhost or an address');
    else if (request.method !== 'GET' && request.method !== 'HEAD') refuse(response, 405, 'method: expected GET');
    else if (Object.hasOwn(own, path) && isForeignOrigin(request.headers))
      refuse(response, 403, 'Origin: expected this page');
    else if (Object.hasOwn(own, path)) own[path]!(request, response);
    else if (Object.hasOwn(files, path)) answer(response, files[path]!);
    else refuse(response, 404, 'not found');
  });

  // Those that follow, and some that ask for the page meanwhile. Others are closed as they come: each has a descriptor.
  server.maxConnections = maxClients + SPARE_CONNECTIONS;

  function follow(request: IncomingMessage, response: ServerResponse): void {
    const isFull = () => clients.size >= maxClients;
    if (!isFull()) begin(request, response);
    else setTimeout(() => (isFull() ? refuseOneMore(response, maxClients) : begin(request, response)), PLACE_MS);
  }

  function begin(request: IncomingMessage, response: ServerResponse): void {
    if (response.destroyed) return;
    response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream; charset=utf-8' });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const params = paramsOf(request);
    // Once it has come back by itself, it knows better than its address.
    const told = texts.toldBy(lastEventId(request) ?? params.get('since'));
    const client = new StreamClient(response, told, params.has('tables') ? tablesIn(params) : undefined);
    clients.add(client);
    response.on('close', () => clients.delete(client));
    response.on('error', () => clients.delete(client));
    client.send('retry: 1000\n\n', performance.now());
    update([client]);
  }

  function update(those: Iterable<StreamClient>): void {
    const now = performance.now();
    for (const client of those) if (client.blockedMs(now) > patienceMs) client.drop();
    texts.update(those, now);
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    sentAt = performance.now();
    update(clients);
  }

  const origin = await listen(server, { host, port });
  const heartbeat = setInterval(() => {
    update(clients);
    for (const client of clients) if (client.ready) client.send(':\n\n', performance.now());
  }, HEARTBEAT_MS);
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

function refuseOneMore(response: ServerResponse, maxClients: number): void {
  if (!response.destroyed) response.setHeader('Retry-After', '10');
  refuse(response, 503, `pages: expected at most ${maxClients} at once`);
}

function answer(response: ServerResponse, { type, body }: PageFiles[string]): void {
  response.writeHead(200, { ...HEADERS, 'Content-Type': type });
  response.end(body);
}

function lastEventId({ headers }: IncomingMessage): string | undefined {
  return headers['last-event-id'] as string | undefined;
}

function tablesIn(params: URLSearchParams): readonly string[] {
  return [...new Set(params.getAll('tables'))].filter((name) => name !== '').slice(0, RUNS_KEPT);
}
