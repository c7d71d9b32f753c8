import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { isForeignOrigin, isOwnHost, LIMITS } from '../../sinks/serving/index.js';
import { PAGE_HEADERS } from '../page-headers.js';
import { AGAIN_SOON, HttpError } from './http-error.js';
import { type BodyLimits, BodyReader } from './read-body.js';
import type { BatchAnswer } from './sender.js';
import { isSessionId } from './sent-record.js';

export interface IngestServerOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly limits: BodyLimits;
  /** Batches a second of one session at most. */
  readonly maxBatchesPerSecond: number;
  /** What is served besides: whatever is asked for by GET. Default: nothing. */
  readonly pages?: ServePage;
}

/** Answers a request for a page, by someone who may see it. */
export type ServePage = (request: IncomingMessage, response: ServerResponse) => void;

export interface IngestServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Takes a batch of a session. @throws HttpError for one that is refused. */
export type TakeBatch = (session: string, batch: number, body: Buffer, binary: boolean) => BatchAnswer;

const PATH = '/v1/records';
const LINES = 'application/x-ndjson';
const LINES_WITH_BYTES = 'application/vnd.trainscope.records';
const MOST_CONNECTIONS = 2_048;

/**
 * Serve what other processes post.
 *
 * @throws Error when the port is taken or the address is not of this machine.
 */
export async function ingestServer(options: IngestServerOptions, take: TakeBatch): Promise<IngestServer> {
  const names = new Set([options.host, hostname(), ...options.allowedHosts].map((name) => name.toLowerCase()));
  const rate = new RateLimit(options.maxBatchesPerSecond);
  const isRightToken = tokenCheck(options.token);
  const { pages } = options;
  const bodies = new BodyReader(options.limits);

  async function answerTo(request: IncomingMessage): Promise<BatchAnswer> {
    checkWho(request);
    const { session, batch, binary } = headersOf(request);
    rate.check(session);
    return take(session, batch, await bodies.read(request), binary);
  }

  function checkHost({ headers }: IncomingMessage): void {
    if (!isOwnHost(headers.host, names)) {
      throw new HttpError(403, `Host: expected a name of this machine, got ${headers.host}; add it to allowedHosts`);
    }
  }

  /** Browsers ask their user, and send what they are told as a password. */
  function servePage(request: IncomingMessage, response: ServerResponse): void {
    checkHost(request);
    if (isForeignOrigin(request.headers) && !isNavigation(request)) {
      throw new HttpError(403, 'Origin: expected this page');
    }
    if (!isRightToken(bearerOf(request.headers.authorization))) {
      throw new HttpError(401, 'the password is the token of this server', {
        'WWW-Authenticate': 'Basic realm="trainscope", charset="UTF-8"',
      });
    }
    pages!(request, response);
  }

  function checkWho(request: IncomingMessage): void {
    checkHost(request);
    const { headers, method, url = '/' } = request;
    const origin = headers.origin;
    if (isForeignOrigin(headers) && !(origin && options.allowedOrigins.includes(origin))) {
      throw new HttpError(403, `Origin: expected none, or one of allowedOrigins, got ${origin}`);
    }
    if (url.split('?')[0] !== PATH) throw new HttpError(404, `path: expected ${PATH}`);
    if (method !== 'POST') throw new HttpError(405, 'method: expected POST', { Allow: 'POST' });
    if (!isRightToken(headers.authorization)) {
      throw new HttpError(401, 'Authorization: expected "Bearer" and the token of this server', {
        'WWW-Authenticate': 'Bearer',
      });
    }
  }

  const server = createServer({ ...LIMITS, requestTimeout: 30_000, keepAliveTimeout: 30_000 }, (request, response) => {
    const allowed = corsHeaders(request, options.allowedOrigins);
    if (request.method === 'OPTIONS' && allowed) {
      response.writeHead(204, allowed).end();
      return;
    }
    if (pages && isPage(request)) {
      try {
        servePage(request, response);
      } catch (cause) {
        refuse(request, response, cause);
      }
      return;
    }
    answerTo(request).then(
      (body) => send(response, 200, body, allowed),
      (cause) => refuse(request, response, cause, allowed),
    );
  });
  server.maxConnections = MOST_CONNECTIONS;

  return listening(server, options);
}

async function listening(server: Server, { host, port }: IngestServerOptions): Promise<IngestServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(host, port, cause)));
    server.listen({ host, port }, resolve);
  });
  server.on('error', () => {});
  const { port: given, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${host}]` : host}:${given}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isPage({ method, url = '/' }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && url.split('?')[0] !== PATH;
}

/** A link on another page was followed: what comes is shown, and not given to that page. */
function isNavigation({ headers }: IncomingMessage): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

function bearerOf(authorization: string | undefined): string | undefined {
  const [, basic] = /^Basic ([\w+/=]+)$/i.exec(authorization ?? '') ?? [];
  if (basic === undefined) return authorization;
  const text = Buffer.from(basic, 'base64').toString();
  return `Bearer ${text.slice(text.indexOf(':') + 1)}`;
}

function headersOf({ headers }: IncomingMessage): { session: string; batch: number; binary: boolean } {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== LINES && type !== LINES_WITH_BYTES) {
    throw new HttpError(415, `Content-Type: expected ${LINES} or ${LINES_WITH_BYTES}, got ${type}`);
  }
  const session = headers['trainscope-session'];
  if (!isSessionId(session)) throw new HttpError(400, `Trainscope-Session: expected a session, got ${session}`);
  const batch = headers['trainscope-batch'];
  if (typeof batch !== 'string' || !/^\d{1,15}$/.test(batch)) {
    throw new HttpError(400, `Trainscope-Batch: expected a whole number, got ${batch}`);
  }
  return { session, batch: Number(batch), binary: type === LINES_WITH_BYTES };
}

/** Compares in a time that says nothing of how much of a token is right. */
function tokenCheck(token: string | undefined): (authorization: string | undefined) => boolean {
  if (token === undefined) return () => true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return (authorization) => timingSafeEqual(digest(authorization ?? ''), expected);
}

/** How many batches of each session came within this second. */
class RateLimit {
  #second = 0;
  readonly #counts = new Map<string, number>();

  constructor(private readonly most: number) {}

  check(session: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) this.#counts.clear();
    this.#second = second;
    const count = (this.#counts.get(session) ?? 0) + 1;
    this.#counts.set(session, count);
    if (count > this.most) throw new HttpError(429, `batches: expected at most ${this.most} a second`, AGAIN_SOON);
  }
}

type Headers = Readonly<Record<string, string>>;

/** For a page of an origin that may send. */
function corsHeaders({ headers: { origin } }: IncomingMessage, allowed: readonly string[]): Headers | undefined {
  if (!origin || !allowed.includes(origin)) return undefined;
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers':
      'Authorization, Content-Type, Content-Encoding, Trainscope-Session, Trainscope-Batch',
    'Access-Control-Expose-Headers': 'Retry-After',
    'Access-Control-Max-Age': '600',
    Vary: 'Origin',
  };
}

function send(response: ServerResponse, status: number, body: object, headers: Headers = {}): void {
  response.writeHead(status, { ...PAGE_HEADERS, ...headers, 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

function refuse(request: IncomingMessage, response: ServerResponse, cause: unknown, headers: Headers = {}): void {
  if (response.headersSent || response.destroyed) return;
  const error = cause instanceof HttpError ? cause : new HttpError(400, (cause as Error).message);
  // What is left of a body that is refused is not waited for.
  const rest = request.complete ? {} : { Connection: 'close' };
  send(response, error.status, { error: error.message }, { ...headers, ...error.headers, ...rest });
  if (!request.complete) response.once('finish', () => request.destroy());
}

function listenError(host: string, port: number, { code, message }: NodeJS.ErrnoException): Error {
  const fix =
    code === 'EADDRINUSE' ? 'choose another, or 0 for any that is free' : 'give a host address of this machine';
  return new Error(`port: expected one that can be listened on, got ${port} on ${host} (${message}); ${fix}`);
}
