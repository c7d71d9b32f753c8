import { checkOneOf, checkOptions, checkThat, LONGEST_TIMER_MS, type Sink } from '../../events/index.js';
import { decodeJson, encodeJson } from '../../events/serial/index.js';
import { type AnyRecord, isShown, pageFiles } from '../../page/index.js';
import { createSink, requireRecord, wholeRecords } from '../../sinks/index.js';
import { ServerThread } from '../../sinks/serving/index.js';
import type { LiveOptions, Reply, Request } from './messages.js';
import { RecordBatch } from './record-batch.js';
import { withoutKnownNames } from './record-messages.js';
import { LIVE_WORKER } from './worker.bundle.js';

/** Options of {@link liveSink}: where the page is served, and what happens to a flood of records. */
export interface LiveSinkOptions {
  /** Default: 0, any that is free. */
  readonly port?: number;
  /** The address to listen on. Default: `127.0.0.1`, which only this machine can reach. */
  readonly host?: string;
  /** Pages that may be open at once. Default: 64. */
  readonly maxClients?: number;
  /**
   * Milliseconds for which the process stays alive after the stream has ended, so that a finished run can be looked at;
   * `Infinity` until it is interrupted. Default: 0.
   */
  readonly lingerMs?: number;
  /**
   * What to do when records come faster than the page's thread takes them: leave measurements out, which is counted and
   * said on the page, or make the stream wait, as it should for a recorded run. Default: `omit`.
   */
  readonly whenBehind?: 'omit' | 'wait';
}

/** A sink whose page is served at `url`. */
export interface LiveSink extends Sink<AnyRecord> {
  /** Where the page is: `http://127.0.0.1:41234/`. */
  readonly url: string;
  /** Stop serving. Without it the page is served until the process ends. */
  stop(): Promise<void>;
}

/** KiB of records on their way to the page's thread at most; what comes on top is left out, counted and said. */
const MOST_UNDERWAY = 64 * 1024;

const STALLED_MS = 60_000;

/**
 * A page that shows the run while it goes: loss and metrics, learning rate, the update ratio of every layer over the
 * steps, norms, histograms, what moves most and what is dead, alerts and control. Several runs lie over each other.
 *
 * It has a thread of its own, so that the page answers while a loop that never yields keeps the main one, and so that
 * nothing a browser does can slow the loop. It does not keep a process alive.
 *
 * Takes any records, several streams merged; those it does not show it passes over.
 *
 * @throws TypeError for an option out of its range, Error when the port is taken or the address is not of this machine.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { observe, parameterUpdates } from 'trainscope';
 * import { liveSink } from 'trainscope/node';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * const live = liveSink({ lingerMs: 60_000 });
 * console.log(`live: ${live.url}`);
 * run.attach(merge(run.events$, run.events$.pipe(parameterUpdates())), live);
 * ```
 */
export function liveSink(options: LiveSinkOptions = {}): LiveSink {
  const { reading: _, read: __, ...sink } = liveFileSink(options);
  return sink;
}

/** A page of recorded runs, that also knows what is still being read of them. */
export interface LiveFileSink extends LiveSink {
  /** The records of this run that come now, and the last that came, are of its file. */
  reading(run: string): void;
  /** All that its file had has come; it was written to so long ago. */
  read(run: string, idleMs: number): void;
}

/** As {@link liveSink}, for files. */
export function liveFileSink(options: LiveSinkOptions): LiveFileSink {
  checkOptions('liveSink', options, { port: true, host: true, maxClients: true, lingerMs: true, whenBehind: true });
  const { port = 0, host = '127.0.0.1', maxClients = 64, lingerMs = 0, whenBehind = 'omit' } = options;
  checkOneOf('whenBehind', whenBehind, ['omit', 'wait']);
  checkThat('port', Number.isInteger(port) && port >= 0 && port < 65_536, 'a whole number from 0 to 65535', port);
  checkThat('host', typeof host === 'string' && host !== '', 'an address of this machine', host);
  checkThat('maxClients', Number.isInteger(maxClients) && maxClients > 0, 'a whole number above 0', maxClients);
  checkThat(
    'lingerMs',
    typeof lingerMs === 'number' && lingerMs >= 0,
    'a number of milliseconds, at least 0',
    lingerMs,
  );

  const thread = new PageThread({ host, port, maxClients }, whenBehind === 'wait');
  const sink = createSink<AnyRecord>(
    `liveSink(${thread.url})`,
    wholeRecords(
      {
        take: (record: AnyRecord) => thread.take(record),
        flush: () => thread.flush(),
        async end() {
          await thread.flush();
          thread.linger(lingerMs);
        },
      },
      (record) => requireRecord(record, 'liveSink()'),
    ),
  );
  return {
    ...sink,
    url: thread.url,
    stop: () => thread.stop(),
    reading: (run) => thread.tell({ kind: 'reading', run }),
    read: (run, idleMs) => thread.tell({ kind: 'read', run, idleMs }),
  };
}

/** The page's thread, seen from the loop's side. */
class PageThread {
  readonly #thread: ServerThread<LiveOptions, Request, Reply>;
  /** `[0]` adds up the costs of the records taken, in KiB. */
  readonly #taken = new Int32Array(new SharedArrayBuffer(4));
  readonly #slim = withoutKnownNames();
  readonly #batch = new RecordBatch({
    post: (records, cost) => this.#post(records, cost),
    clock: () => performance.now(),
    later: (work, delayMs) => setTimeout(work, delayMs).unref(),
  });
  readonly #waiting = new Map<number, { resolve: () => void; reject: (cause: unknown) => void }>();
  #sent = 0;
  #flushes = 0;

  constructor(
    options: Omit<LiveOptions, 'files' | 'taken'>,
    private readonly waits: boolean,
  ) {
    this.#thread = new ServerThread({
      what: 'the live page',
      code: LIVE_WORKER,
      options: { ...options, files: pageFiles(), taken: this.#taken.buffer },
      onReply: ({ id }: Reply) => this.#settle(id),
      onEnd: (cause) => {
        for (const { reject } of this.#waiting.values()) reject(cause);
        this.#waiting.clear();
      },
    });
  }

  get url(): string {
    return this.#thread.url;
  }

  /** @throws Error when the thread has ended. */
  take(record: AnyRecord): void {
    if (!isShown(record)) return;
    if (this.#thread.ended) throw this.#thread.ended;
    if (this.waits) this.#catchUp();
    else if (this.#underway > MOST_UNDERWAY && (record.type === 'parameter-updates' || record.type === 'step-end')) {
      this.#batch.flush();
      this.#thread.post({ kind: 'omitted', run: record.run, what: record.type });
      return;
    }
    const { message, cost } = this.#slim(record);
    this.#sent = (this.#sent + cost) | 0;
    this.#batch.take(message, cost);
  }

  /** Something of the records that it has been given. */
  tell(request: Request): void {
    this.#batch.flush();
    if (!this.#thread.ended) this.#thread.post(request);
  }

  flush(): Promise<void> {
    if (this.#thread.ended) return Promise.reject(this.#thread.ended);
    this.#batch.flush();
    const id = this.#flushes++;
    this.#thread.post({ kind: 'flush', id });
    this.#thread.keepAlive(true);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  linger(ms: number): void {
    if (ms === 0 || this.#thread.ended) return;
    this.#thread.linger();
    if (ms <= LONGEST_TIMER_MS) setTimeout(() => void this.stop(), ms);
  }

  stop(): Promise<void> {
    return this.#thread.stop();
  }

  /** KiB that are on their way. Counts wrap around; their difference does not. */
  get #underway(): number {
    return (this.#sent - Atomics.load(this.#taken, 0)) | 0;
  }

  #catchUp(): void {
    // What waits here will not be taken there.
    if (this.#underway > MOST_UNDERWAY) this.#batch.flush();
    while (this.#underway > MOST_UNDERWAY) {
      const taken = Atomics.load(this.#taken, 0);
      if (Atomics.wait(this.#taken, 0, taken, STALLED_MS) === 'timed-out') throw new Error('the live page stalled');
    }
  }

  /** What cannot be given to another thread as it is (functions, getters that throw) goes as plain data. */
  #post(records: readonly AnyRecord[], cost: number): void {
    if (this.#thread.ended) return;
    try {
      this.#thread.post({ kind: 'records', records, cost });
    } catch {
      // One of them: the others go as they are.
      this.#thread.post({ kind: 'records', records: records.map(clonable), cost });
    }
  }

  #settle(id: number): void {
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#thread.keepAlive(false);
  }
}

function clonable(record: AnyRecord): AnyRecord {
  try {
    return structuredClone(record);
  } catch {
    return decodeJson(encodeJson(record)) as AnyRecord;
  }
}
