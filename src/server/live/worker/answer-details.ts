import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type DetailRequest, readDetailRequest } from '../../../page/index.js';
import { PAGE_HEADERS } from '../../page-headers.js';
import type { RunDetails } from './run-details.js';

/** Answers that are made at once at most: whoever asks for another is asked to come again. */
const MOST_AT_ONCE = 4;
const TIMEOUT_MS = 20_000;
const GZIP_FROM = 32 * 1024;

const gzipped = promisify(gzip);

/** Answers requests for some steps (`/detail`) and for names of parameters (`/names`). Who goes away ends the work. */
export class DetailAnswers {
  #underway = 0;

  constructor(private readonly details: RunDetails) {}

  async detail(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = requestIn(request);
    if (asked instanceof Error) refuse(response, 400, asked.message);
    else if (this.#underway >= MOST_AT_ONCE) {
      response.setHeader('Retry-After', '1');
      refuse(response, 503, `details: expected at most ${MOST_AT_ONCE} at once`);
    } else await this.#answer(asked, request, response);
  }

  names(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return answer(request, response, this.details.namesOf(paramsOf(request).get('of') ?? ''));
  }

  async #answer(asked: DetailRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    this.#underway++;
    try {
      const changes = await this.details.answer(asked, AbortSignal.any([gone.signal, timeout]));
      if (timeout.aborted) refuse(response, 503, 'details: they take too long to be read');
      else if (!gone.signal.aborted) await answer(request, response, changes);
    } catch (cause) {
      refuse(response, 500, (cause as Error).message);
    } finally {
      this.#underway--;
    }
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

async function answer(request: IncomingMessage, response: ServerResponse, data: unknown): Promise<void> {
  const text = JSON.stringify(data);
  const headers = { ...PAGE_HEADERS, 'Content-Type': 'application/json' };
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
