import type { ServerResponse } from 'node:http';
import { from, merge, type Observable, type Observer, switchMap } from 'rxjs';
import { stopOnAlert } from '../../control/index.js';
import {
  checkOneOf,
  checkOptions,
  plainLines,
  type RunRecord,
  SEVERITIES,
  type Severity,
  type Sink,
  withoutName,
} from '../../events/index.js';
import { ofType } from '../../operators/index.js';
import { defaultRules } from '../../rules/index.js';
import { jsonlSink } from '../../sinks/jsonl/index.js';
import { type AllRunsMetrics, allRunsMetrics, checkMetrics, startMetrics } from '../../sinks/otel/index.js';
import { INGEST_OPTIONS, type IngestOptions, type IngestServer, openIngest } from '../ingest/ingest.js';
import type { RemoteRun } from '../ingest/remote-run.js';
import { metricsServer } from './metrics-server.js';
import { cardAfter } from './run-card.js';
import { type RecordedRun, RunFolder } from './run-folder.js';
import { runsPages } from './runs-pages.js';

/** Options of {@link serveRuns}: those of {@link ingest}, and what is done with the runs besides. */
export interface ServeRunsOptions extends Omit<IngestOptions, 'known'> {
  /** Default: 4555; 0 for any that is free. */
  readonly port?: number;
  /** An alert that begins with at least this severity stops its run. Default: nothing acts on a run. */
  readonly stopOnAlert?: Severity;
  /** Serve the metrics of all runs for Prometheus, at `/metrics` of the same port or of another. Default: false. */
  readonly metrics?:
    | boolean
    | {
        /** Another port for `/metrics` alone; 0 for any that is free. */
        readonly port: number;
      };
  /**
   * Send the metrics of all runs by OTLP, to this address; `true` for that of the OTEL_* variables, else
   * http://localhost:4318/v1/metrics. Default: false.
   */
  readonly otlp?: string | boolean;
}

/** A folder of runs, served. */
export interface RunsServer extends IngestServer {
  /** Where Prometheus scrapes, if it may. */
  readonly metricsUrl: string | undefined;
}

const PORT = 4555;

/**
 * Take the runs of other processes, in any language, record each in a file of the folder (`NAME.jsonl`), and show all of
 * the folder on one page: what `trainscope serve` does.
 *
 * Runs that are there from earlier are shown at once. A server that is started anew goes on with those that are under way.
 * The default rules judge every run; nothing acts on one unless it is asked for.
 *
 * @throws TypeError for an option out of its range; rejects when the port is taken, when the folder cannot be written or
 * another server has it, and when metrics are asked for and their packages are not installed.
 *
 * @example
 * ```ts
 * import { serveRuns } from 'trainscope/node';
 *
 * const server = await serveRuns('results', { port: 0, stopOnAlert: 'error' });
 * console.log(`runs: ${server.url}`);
 * await server.close();
 * ```
 */
export async function serveRuns(folder: string, options: ServeRunsOptions = {}): Promise<RunsServer> {
  checkOptions('serveRuns', options, {
    ...withoutName(INGEST_OPTIONS, 'known'),
    stopOnAlert: true,
    metrics: true,
    otlp: true,
  });
  const { stopOnAlert: severity, metrics = false, otlp = false, ...ingestOptions } = options;
  if (severity !== undefined) checkOneOf('stopOnAlert', severity, SEVERITIES);
  if (typeof metrics === 'object') checkOptions('metrics', metrics, { port: true });
  else if (typeof metrics !== 'boolean') throw new TypeError(`metrics: expected true, false or a port, got ${metrics}`);
  const all = metrics === false ? undefined : await allRunsMetrics();
  if (otlp !== false) await checkMetrics(otlpOptions('any', otlp));
  const runs = new RunFolder(folder);
  const scrape = all && ((response: ServerResponse) => answerScrape(all, response));
  const pages = runsPages(runs, typeof metrics === 'object' ? undefined : scrape);
  try {
    const known = await runs.known();
    const server = await openIngest({ port: PORT, ...ingestOptions, known }, pages.serve);
    const other = typeof metrics === 'object' ? await metricsServer(metrics.port, ingestOptions, scrape!) : undefined;
    const recording = new Recording(runs, { severity, all, otlp });
    server.runs$.subscribe((run) => recording.take(run));
    void runs.look().catch(() => {});
    return {
      url: server.url,
      runs$: server.runs$,
      get runs() {
        return server.runs;
      },
      metricsUrl: other?.url ?? (all && `${server.url}/metrics`),
      async close() {
        await server.close();
        await recording.close();
        other?.server.close();
        other?.server.closeAllConnections();
        await Promise.all([pages.close(), runs.close(), all?.close()]);
      },
    };
  } catch (cause) {
    await Promise.all([pages.close(), runs.close(), all?.close()]);
    throw cause;
  }
}

interface RecordingOptions {
  readonly severity: Severity | undefined;
  readonly all: AllRunsMetrics | undefined;
  readonly otlp: string | boolean;
}

/** What becomes of each run that comes. */
class Recording {
  readonly #ends: Promise<unknown>[] = [];

  constructor(
    private readonly folder: RunFolder,
    private readonly options: RecordingOptions,
  ) {}

  take(run: RemoteRun): void {
    const recorded = this.#record(run);
    run.report(run.events$.pipe(defaultRules(recorded && { memory: recorded.memory })));
    const { severity, all, otlp } = this.options;
    if (severity) run.steer(run.events$.pipe(ofType('alert'), stopOnAlert({ severity })));
    if (all) this.#attach(run, all.sink());
    if (otlp !== false) this.#sendByOtlp(run, otlp);
  }

  /** Every file is whole. */
  async close(): Promise<void> {
    await Promise.all(this.#ends);
  }

  #record(run: RemoteRun): RecordedRun | undefined {
    const opened = this.#open(run, run.resumed);
    if (!opened) return undefined;
    const { recorded, sink } = opened;
    recorded.heard(run.sessions);
    run.attach(run.events$, {
      next: (event) => {
        recorded.take((card) => cardAfter(card, event));
        recorded.heard(run.sessions);
        if (event.type === 'alert') recorded.alerted();
      },
    });
    this.#attach(run, sink);
    this.#until(sink.closed.then(recorded.end, recorded.end));
    return recorded;
  }

  /** A run that is resumed goes on in its file, or in one of its own where that cannot be: it may be of somebody else. */
  #open(run: RemoteRun, resumed: boolean): { recorded: RecordedRun; sink: Sink<RunRecord> } | undefined {
    const recorded = this.folder.begin(run, resumed);
    try {
      return { recorded, sink: jsonlSink(recorded.file, { append: recorded.append }) };
    } catch (cause) {
      recorded.abandon();
      if (recorded.append) return this.#open(run, false);
      console.error(plainLines(`trainscope: ${run.run} is not recorded: ${(cause as Error).message}`));
      return undefined;
    }
  }

  #attach(run: RemoteRun, sink: Sink<RunRecord>): void {
    run.attach(merge(run.events$, run.updates$, run.looks$) as Observable<RunRecord>, sink);
  }

  #sendByOtlp(run: RemoteRun, otlp: string | true): void {
    const opened = startMetrics(otlpOptions(run.run, otlp));
    run.attach(
      merge(run.events$, run.updates$, run.looks$) as Observable<RunRecord>,
      whenReady(opened.then(({ sink }) => sink)),
    );
    run.report(from(opened).pipe(switchMap(({ alerts$ }) => alerts$)));
    this.#until(
      opened.then(async (metrics) => {
        await metrics.sink.closed.catch(() => {});
        await metrics.finish();
      }),
    );
  }

  #until(end: Promise<unknown>): void {
    this.#ends.push(end);
    void end.then(() => this.#ends.splice(this.#ends.indexOf(end), 1));
  }
}

/** Holds the first records for a sink that is still being made. */
function whenReady<T>(opened: Promise<Sink<T>>): Observer<T> {
  const held: T[] = [];
  let sink: Sink<T> | undefined;
  const ready = opened.then((made) => {
    for (const record of held.splice(0)) made.next(record);
    sink = made;
    return made;
  });
  return {
    next: (record) => (sink ? sink.next(record) : void held.push(record)),
    error: (cause) => void ready.then((made) => made.error(cause)),
    complete: () => void ready.then((made) => made.complete()),
  };
}

function otlpOptions(run: string, otlp: string | true) {
  return { exporter: 'otlp', run, ...(typeof otlp === 'string' && { url: otlp }) } as const;
}

const SCRAPED = {
  'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};

function answerScrape(all: AllRunsMetrics, response: ServerResponse): void {
  all.text().then(
    (text) => response.writeHead(200, SCRAPED).end(text),
    (cause) => response.writeHead(500).end(String(cause)),
  );
}
