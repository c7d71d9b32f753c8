import type { WireCommand } from '../../events/index.js';
import { joined, type WireLine } from './session.js';

/** What came of a batch. */
export type Outcome =
  /** It is there. */
  | { readonly kind: 'taken'; readonly commands: readonly WireCommand[]; readonly damaged: string | undefined }
  /** It could not be given now; `afterMs` where the other side says when. */
  | { readonly kind: 'later'; readonly why: string; readonly afterMs: number | undefined }
  /** The server does not know the session. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'too-large' }
  /** Never send this batch again. */
  | { readonly kind: 'rejected'; readonly why: string }
  /** Send nothing any more. */
  | { readonly kind: 'ended'; readonly why: string };

export interface Batch {
  readonly session: string;
  readonly number: number;
  readonly lines: readonly WireLine[];
}

/** Milliseconds that a server may take for one answer. */
const ANSWERED_WITHIN_MS = 10_000;
const LONGEST_WAIT_MS = 60_000;
/** Bodies below this are not worth packing. */
const GZIP_FROM = 1_024;
/** What a browser sends of a page that is left is 64 KiB at most. */
const KEEPALIVE_UP_TO = 60_000;

/** POST a batch. It never rejects. `signal` ends it early. */
export async function post(
  { session, number, lines }: Batch,
  { url, token, signal }: { readonly url: string; readonly token: string | undefined; readonly signal: AbortSignal },
): Promise<Outcome> {
  const attempt = new AbortController();
  const abort = () => attempt.abort(new Error(`no answer within ${ANSWERED_WITHIN_MS} ms`));
  const timer = setTimeout(abort, ANSWERED_WITHIN_MS);
  signal.addEventListener('abort', abort);
  try {
    const { body, headers } = await bodyOf(lines);
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        ...headers,
        'Trainscope-Session': session,
        'Trainscope-Batch': String(number),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      keepalive: body.length <= KEEPALIVE_UP_TO,
      credentials: 'omit',
      redirect: 'error',
      signal: attempt.signal,
    });
    return outcomeOf(response.status, objectOf(await response.text()), response.headers.get('Retry-After'));
  } catch (cause) {
    return { kind: 'later', why: failureText(cause), afterMs: undefined };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

interface Body {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

async function bodyOf(lines: readonly WireLine[]): Promise<Body> {
  const body = joined(lines.map(({ bytes }) => bytes));
  // Columns of numbers pack badly.
  if (lines.some(({ binary }) => binary)) {
    return { body, headers: { 'Content-Type': 'application/vnd.trainscope.records' } };
  }
  const headers = { 'Content-Type': 'application/x-ndjson' };
  if (body.length < GZIP_FROM || typeof CompressionStream === 'undefined') return { body, headers };
  const packed = new Response(new Blob([body]).stream().pipeThrough(new CompressionStream('gzip')));
  return {
    body: new Uint8Array(await packed.arrayBuffer()),
    headers: { ...headers, 'Content-Encoding': 'gzip' },
  };
}

type Said = Readonly<Record<string, unknown>>;

function outcomeOf(status: number, said: Said, retryAfter: string | null): Outcome {
  if (status === 200) return { kind: 'taken', commands: commandsOf(said), damaged: damageOf(said) };
  const why = typeof said.error === 'string' ? said.error : `HTTP status ${status}`;
  if (status === 401 || status === 403) return { kind: 'ended', why: `the server refuses: ${why}` };
  if (status === 404) return { kind: 'ended', why: `there is no trainscope server at this address: ${why}` };
  if (status === 409) return { kind: 'unknown' };
  if (status === 413) return { kind: 'too-large' };
  if (status === 408 || status === 429 || status >= 500) return { kind: 'later', why, afterMs: waitOf(retryAfter) };
  return { kind: 'rejected', why };
}

function objectOf(text: string): Said {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null ? (said as Said) : {};
  } catch {
    return {};
  }
}

function commandsOf({ commands }: Said): readonly WireCommand[] {
  return Array.isArray(commands) ? commands.filter(isCommand) : [];
}

function isCommand(value: unknown): value is WireCommand {
  if (typeof value !== 'object' || value === null) return false;
  const { id, command, source, message } = value as Said;
  const isObject = typeof command === 'object' && command !== null;
  return isObject && [id, source, message].every((text) => typeof text === 'string');
}

function damageOf({ damaged }: Said): string | undefined {
  if (typeof damaged !== 'object' || damaged === null) return undefined;
  const { lines, first } = damaged as Said;
  return `the server left ${lines} lines out; the first: ${first}`;
}

function waitOf(retryAfter: string | null): number | undefined {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.min(LONGEST_WAIT_MS, Math.max(0, 1000 * seconds)) : undefined;
}

/** Node says what failed in the cause. */
function failureText(cause: unknown): string {
  const { message, cause: inner } = cause as { readonly message?: string; readonly cause?: { message?: string } };
  return [message, inner?.message].filter(Boolean).join(': ') || String(cause);
}
