import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type DetailRequest, linesOf, piecesOf, readDetailRequest } from '../../../page/index.js';
import { PAGE_HEADERS } from '../../page-headers.js';
import type { RunDetails } from './run-details.js';

/** Requests that may wait for their turn: one is answered at a time, and whoever asks beyond is asked to come again. */
const MOST_WAITING = 64;
const TIMEOUT_MS = 20_000;
const GZIP_FROM = 32 * 1024;

const gzipped = promisify(gzip);

/** Answers requests for some steps (`/detail`) and for names of parameters (`/names`). Who goes away ends the work. */
export class DetailAnswers {
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly details: RunDetails) {}

  async detail(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = requestIn(request);
    if (asked instanceof Error) refuse(response, 400, asked.message);
    else if (this.#waiting >= MOST_WAITING) {
      response.setHeader('Retry-After', '1');
      refuse(response, 503, `details: expected at most ${MOST_WAITING} requests at once`);
    } else await this.#inTurn(asked, request, response);
  }

  async names(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const names = this.details.namesOf(paramsOf(request).get('of') ?? '');
    await answer(request, response, 'application/json', JSON.stringify(names));
  }

  #inTurn(asked: DetailRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    this.#waiting++;
    this.#last = this.#last
      .then(() => this.#answer(asked, request, response, gone.signal))
      .catch((cause) => refuse(response, 500, (cause as Error).message))
      .finally(() => {
        this.#waiting--;
      });
    return this.#last;
  }

  async #answer(
    asked: DetailRequest,
    request: IncomingMessage,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    if (gone.aborted) return;
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const changes = await this.details.answer(asked, AbortSignal.any([gone, timeout]));
    if (gone.aborted) return;
    if (timeout.aborted) refuse(response, 503, 'details: they take too long to be read');
    // In pieces, so that a page takes them one after the other.
    else await answer(request, response, 'application/x-ndjson', [...linesOf(piecesOf(changes))].join(''));
  }
}

function requestIn(request: IncomingMessage): DetailRequest | Error {
  try {
    return readDetailRequest(paramsOf(request));
  } catch (cause) {
    return cause as Error;
  }
}

export function paramsOf({ url = '/' }: IncomingMessage): URLSearchParams {
  return new URLSearchParams(url.split('?')[1] ?? '');
}

async function answer(request: IncomingMessage, response: ServerResponse, type: string, text: string): Promise<void> {
  const headers = { ...PAGE_HEADERS, 'Content-Type': type };
  if (text.length < GZIP_FROM || !/\bgzip\b/.test(String(request.headers['accept-encoding']))) {
    response.writeHead(200, headers).end(text);
    return;
  }
  const body = await gzipped(text, { level: 1 });
  response.writeHead(200, { ...headers, 'Content-Encoding': 'gzip' }).end(body);
}

export function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...PAGE_HEADERS, 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${reason}\n`);
}
