/** The live page's own thread: it keeps the histories and serves them, while the loop has its thread for itself. */
import { type AnyRecord, FinerHistories, Presences, RUNS_KEPT } from '../../../page/index.js';
import { serveInThread } from '../../../sinks/serving/index.js';
import type { LiveOptions, Reply, Request } from '../messages.js';
import { DetailAnswers } from './answer-details.js';
import { detailedRecorder } from './detailed-recorder.js';
import { followRun } from './follow-run.js';
import { type Answer, liveServer } from './live-server.js';
import { RunDetails } from './run-details.js';
import { RunFiles } from './run-files.js';

const INTERVAL_MS = 200;
const PATIENCE_MS = 30_000;

const namesByRun = new Map<string, Pick<NamedRecord, 'names' | 'sizes'>>();

interface NamedRecord extends AnyRecord {
  readonly run: string;
  readonly names?: readonly string[];
  readonly sizes?: readonly number[];
}

void serveInThread<LiveOptions, Request>(async ({ files, taken, follows = [], ...options }, port) => {
  const life = new AbortController();
  const finer = new FinerHistories();
  const runFiles = new RunFiles();
  const recorder = detailedRecorder(finer, runFiles);
  const details = new DetailAnswers(new RunDetails(recorder.histories, finer, runFiles));
  const answers: Readonly<Record<string, Answer>> = {
    '/detail': (asked, response) => void details.detail(asked, response),
    '/names': (asked, response) => void details.names(asked, response),
  };
  const costs = new Int32Array(taken);
  const intervals = { intervalMs: INTERVAL_MS, patienceMs: PATIENCE_MS };
  const server = await liveServer(recorder.histories, files, { ...options, ...intervals, answers });
  const presences = new Presences(recorder.histories, () => server.changed(), life.signal);
  // The first of those that were given, whichever is read first.
  recorder.omitRuns(follows.length - RUNS_KEPT);
  const { signal } = life;
  for (const followed of follows.slice(0, RUNS_KEPT)) {
    void followRun(followed, { recorder, files: runFiles, presences, changed: () => server.changed(), signal });
  }
  const takeRecord = (record: AnyRecord) => {
    const history = recorder.take(record);
    if (history) presences.heard(history, record.type);
  };
  const takePresence = (request: Extract<Request, { kind: 'reading' | 'read' }>) => {
    const history = recorder.historyOf(request.run);
    if (history && request.kind === 'reading') presences.reading(history);
    else if (history && request.kind === 'read') presences.read(history, request.idleMs);
  };
  const take = (request: Request) => {
    switch (request.kind) {
      case 'records':
        for (const record of request.records) takeRecord(withNames(record as NamedRecord));
        Atomics.add(costs, 0, request.cost);
        Atomics.notify(costs, 0);
        server.changed();
        break;
      case 'omitted':
        recorder.omit(request.run, request.what);
        server.changed();
        break;
      case 'reading':
      case 'read':
        takePresence(request);
        server.changed();
        break;
      case 'flush':
        server.flush();
        port.postMessage({ kind: 'flushed', id: request.id } satisfies Reply);
    }
  };
  const close = () => {
    life.abort();
    void server.close();
  };
  return { url: server.url, take, close };
});

function withNames(record: NamedRecord): AnyRecord {
  if (record.type !== 'parameter-updates') return record;
  if (record.names) {
    const { names, sizes = [] } = record;
    namesByRun.set(record.run, { names, sizes });
  }
  return { ...record, ...namesByRun.get(record.run) };
}
