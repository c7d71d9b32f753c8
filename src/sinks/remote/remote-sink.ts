import type { Observable } from 'rxjs';
import {
  type ControlRequest,
  checkFunction,
  checkNotNegative,
  checkOptions,
  checkPositive,
  describeValue,
  plainLines,
  type RunRecord,
  type Sink,
} from '../../events/index.js';
import { createSink } from '../create-sink.js';
import { requireRunRecord } from '../require-record.js';
import { wholeRecords } from '../whole-records.js';
import { Outbox } from './outbox.js';

/** Options of {@link remoteSink}: how it is let in, and how long and how much it waits. */
export interface RemoteSinkOptions {
  /** What the server wants to be told, as `Authorization: Bearer TOKEN`. Default: nothing. */
  readonly token?: string;
  /** How long `flush()` and the end wait for what is still to be sent. Default: 5,000 ms; 1,000 where the server is down. */
  readonly closeTimeoutMs?: number;
  /** Bytes that may wait to be sent; what comes on top is dropped, and counted. Default: 64 MiB. */
  readonly maxQueuedBytes?: number;
  /** Told once of each time that records begin to wait, and of what a server does not take. Default: `console.warn`. */
  readonly say?: (line: string) => void;
}

/** A sink that sends, and what the other side asks for. */
export interface RemoteSink extends Sink<RunRecord> {
  /** What is asked of this run on the other side: `run.steer(remote.requests$)` has it done. */
  readonly requests$: Observable<ControlRequest>;
}

/**
 * Send a run to a server of runs, `ingest()` or `trainscope serve`: it is a run there like any other, with the same
 * statistics, and can be steered from there. In Node and in a browser, by `fetch` alone.
 *
 * Give it the events and the updates that were measured, merged. What was measured is sent as it is, to the bit; global
 * norms and throughput are made of it on the other side, drift has no place on the wire.
 *
 * The loop never waits: records are collected for 200 ms, or 256 kB of them, and wait in a bounded queue while the server
 * is down, slow, or started anew. What does not fit is dropped, told to the server, and in the end `closed` rejects with
 * it; so it does, at once, where a token is wrong. A loop that never yields is sent where it does.
 *
 * What is asked on the other side comes as `requests$`. What came of it is taken from the `control` events, so the stream
 * has to have those. What nobody does is refused after 10 s.
 *
 * @throws TypeError for a URL that is none, and an option that is wrong.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { observe, parameterUpdates } from 'trainscope';
 * import { remoteSink } from 'trainscope/remote';
 *
 * const run = observe({ w: new Float32Array(10) });
 * const remote = remoteSink('http://127.0.0.1:4555');
 * run.attach(merge(run.events$, run.events$.pipe(parameterUpdates())), remote);
 * run.steer(remote.requests$);
 * ```
 */
export function remoteSink(url: string | URL, options: RemoteSinkOptions = {}): RemoteSink {
  checkOptions('remoteSink', options, { token: true, closeTimeoutMs: true, maxQueuedBytes: true, say: true });
  const {
    token,
    closeTimeoutMs = 5_000,
    maxQueuedBytes = 64 << 20,
    say = (line) => console.warn(plainLines(line)),
  } = options;
  checkToken(token);
  checkNotNegative('closeTimeoutMs', closeTimeoutMs);
  checkPositive('maxQueuedBytes', maxQueuedBytes);
  checkFunction('say', say, 'function of a line');
  const server = checkUrl(url);
  const name = `remoteSink(${server})`;
  const outbox = new Outbox({
    url: `${server}/v1/records`,
    token,
    closeTimeoutMs,
    maxQueuedBytes,
    say: (line) => say(`trainscope: ${name}: ${line}`),
  });
  let isHeard = false;
  const sink = createSink<RunRecord>(
    name,
    wholeRecords<RunRecord>(
      {
        take(record) {
          outbox.put(record);
          if (isHeard) return;
          // Once: what it rejects with ends the sink.
          isHeard = true;
          return outbox.failed as unknown as undefined;
        },
        flush: () => outbox.flush(),
        end: () => outbox.close(),
      },
      (record) => requireRunRecord(record, 'remoteSink()'),
    ),
  );
  return { ...sink, requests$: outbox.requests.requests$ };
}

/** The server's address, without a slash at its end. */
function checkUrl(url: unknown): string {
  const text = String(url);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(`url: expected http://HOST:PORT, got ${describeValue(url)}`);
  }
  if (parsed.username || parsed.password)
    throw new TypeError('url: expected one without a password, got one; give it as token');
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`;
}

function checkToken(token: unknown): void {
  if (token === undefined || (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token))) return;
  throw new TypeError('token: expected letters, digits and signs of ASCII without spaces, got something else');
}
