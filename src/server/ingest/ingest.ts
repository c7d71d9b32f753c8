import { type Observable, Subject } from 'rxjs';
import {
  checkNotNegative,
  checkOptions,
  checkPositive,
  checkPositiveInteger,
  checkThat,
  type OptionNames,
  plainLines,
} from '../../events/index.js';
import { type RunOptions, reasonOf, SupervisedObservable } from '../../run/index.js';
import { ingestServer, type ServePage } from './ingest-server.js';
import type { RemoteRun } from './remote-run.js';
import { type KnownRun, Senders } from './senders.js';

/** Options of {@link ingest}: where it listens, who may send, and how much. */
export interface IngestOptions extends Omit<RunOptions, 'run' | 'clock'> {
  /** Default: 0, any that is free. */
  readonly port?: number;
  /** The address to listen on. Default: `127.0.0.1`, which only this machine can reach. */
  readonly host?: string;
  /** What senders have to know, as `Authorization: Bearer TOKEN`. Default: none. */
  readonly token?: string;
  /** Names by which senders may call this machine besides its own. */
  readonly allowedHosts?: readonly string[];
  /** Origins of pages that may send, such as `http://localhost:5173`. Default: none. */
  readonly allowedOrigins?: readonly string[];
  /** How long a step waits for the ranks that have not told of it. Default: 5,000 ms. */
  readonly waitMs?: number;
  /** How long a process may be silent before it is taken for gone. Default: 60,000 ms. */
  readonly lostAfterMs?: number;
  /** Processes that may send at once. Default: 1,024. */
  readonly maxSessions?: number;
  /** Batches a second of one process at most. Default: 100. */
  readonly maxBatchesPerSecond?: number;
  /** Bytes of one batch at most, as it is sent. Default: 32 MiB; unpacked it may be twice as large. */
  readonly maxBatchBytes?: number;
  /**
   * Runs of earlier times, as of a server that is started anew: their names are taken, and the processes that sent of them
   * go on with them. Default: none.
   */
  readonly known?: readonly KnownRun[];
}

/** Where other processes send their runs. */
export interface IngestServer {
  /** For `TRAINSCOPE_URL`: `http://127.0.0.1:4555` */
  readonly url: string;
  /** The runs that are under way, and every run that begins from now on. A subscriber that throws is told of and left out. */
  readonly runs$: Observable<RemoteRun>;
  /** The runs that are under way. */
  readonly runs: readonly RemoteRun[];
  /** Take no more, and end the streams of all runs; their trainings go on. */
  close(): Promise<void>;
}

/** The options of {@link ingest}. */
export const INGEST_OPTIONS: OptionNames<IngestOptions> = {
  port: true,
  host: true,
  token: true,
  allowedHosts: true,
  allowedOrigins: true,
  waitMs: true,
  lostAfterMs: true,
  maxSessions: true,
  maxBatchesPerSecond: true,
  maxBatchBytes: true,
  known: true,
  onSinkError: true,
  closeTimeoutMs: true,
};

const MIB = 1024 * 1024;
const SWEEPS_PER_SILENCE = 4;

/**
 * Take the runs of other processes, in any language: what they post over HTTP (docs/wire.md) becomes runs like one's own,
 * whose operators, rules and sinks are the same, and which can be steered.
 *
 * Several processes that train one model together are one run: what they measured of their parts is added, step by step.
 *
 * @throws TypeError for an option out of its range; rejects when the port is taken or the address is not of this machine.
 *
 * @example
 * ```ts not run: a port that may be taken
 * import { consoleSink, defaultRules, parameterUpdates, stopOnAlert } from 'trainscope';
 * import { ingest } from 'trainscope/node';
 *
 * const server = await ingest({ port: 4555 });
 * server.runs$.subscribe((run) => {
 *   run.attach(run.events$.pipe(parameterUpdates()), consoleSink());
 *   run.steer(run.events$.pipe(defaultRules(), stopOnAlert({ severity: 'error' })));
 * });
 * ```
 */
export function ingest(options: IngestOptions = {}): Promise<IngestServer> {
  return openIngest(options);
}

/** Ingest, and pages on the same port. */
export async function openIngest(options: IngestOptions, pages?: ServePage): Promise<IngestServer> {
  checkOptions('ingest', options, INGEST_OPTIONS);
  const { port = 0, host = '127.0.0.1', token, waitMs = 5_000, lostAfterMs = 60_000 } = options;
  const { maxSessions = 1_024, maxBatchesPerSecond = 100, maxBatchBytes = 32 * MIB } = options;
  const { allowedHosts = [], allowedOrigins = [], known = [], onSinkError, closeTimeoutMs } = options;
  checkThat('port', Number.isInteger(port) && port >= 0 && port < 65_536, 'a whole number from 0 to 65535', port);
  checkThat('host', typeof host === 'string' && host !== '', 'an address of this machine', host);
  checkThat(
    'token',
    token === undefined || (typeof token === 'string' && token !== ''),
    'a text that is not empty',
    token,
  );
  checkNotNegative('waitMs', waitMs);
  checkPositive('lostAfterMs', lostAfterMs);
  checkPositiveInteger('maxSessions', maxSessions);
  checkPositiveInteger('maxBatchesPerSecond', maxBatchesPerSecond);
  checkPositiveInteger('maxBatchBytes', maxBatchBytes);

  const begun$ = new Subject<RemoteRun>();
  const senders = new Senders({
    waitMs,
    lostAfterMs,
    maxSessions,
    known,
    ...(onSinkError && { onSinkError }),
    ...(closeTimeoutMs !== undefined && { closeTimeoutMs }),
    onRun: (run) => begun$.next(run),
  });
  const server = await ingestServer(
    {
      host,
      port,
      token,
      allowedHosts,
      allowedOrigins,
      limits: { bytes: maxBatchBytes, unpackedBytes: 2 * maxBatchBytes, underwayBytes: 8 * maxBatchBytes },
      maxBatchesPerSecond,
      ...(pages && { pages }),
    },
    (session, batch, body, binary) => senders.take(session, batch, body, binary),
  );
  const sweep = setInterval(() => senders.sweep(performance.now()), Math.min(lostAfterMs / SWEEPS_PER_SILENCE, 10_000));
  sweep.unref();
  const toldOf = (cause: unknown) =>
    console.error(plainLines(`trainscope: a subscriber of runs$ failed: ${reasonOf(cause)}`));
  return {
    url: server.url,
    runs$: new SupervisedObservable<RemoteRun>(toldOf, (subscriber) => {
      for (const run of senders.runs) subscriber.next(run);
      return begun$.subscribe(subscriber);
    }),
    get runs() {
      return senders.runs;
    },
    async close() {
      clearInterval(sweep);
      await server.close();
      await senders.close();
      begun$.complete();
    },
  };
}
