import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScrapeServer {
  /** Where to scrape. */
  readonly url: string;
  /** Scrapes that have been answered. */
  readonly scrapes: number;
  /** Resolves when a scrape that begins from now on has been answered. */
  nextScrape(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serve metrics at one path of one address. It does not keep a process alive.
 *
 * @throws Error when the port is taken or the address is not of this machine.
 */
export async function scrapeServer(
  { host, port, path }: { readonly host: string; readonly port: number; readonly path: string },
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<ScrapeServer> {
  let scrapes = 0;
  let waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== path) {
      response.writeHead(404).end(`metrics are at ${path}\n`);
      return;
    }
    const told = waiting;
    waiting = [];
    response.on('finish', () => {
      scrapes++;
      for (const tell of told) tell();
    });
    // Cut off before it was whole: those who wait go on waiting.
    response.on('close', () => {
      if (!response.writableFinished) waiting.push(...told);
    });
    answer(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(host, port, cause)));
    server.listen({ host, port }, resolve);
  });
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

function listenError(host: string, port: number, cause: NodeJS.ErrnoException): Error {
  const fix =
    cause.code === 'EADDRINUSE' ? 'choose another, or 0 for any that is free' : 'give a host address of this machine';
  return new Error(`port: expected one that can be listened on, got ${port} on ${host} (${cause.code}); ${fix}`, {
    cause,
  });
}
