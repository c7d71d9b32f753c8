/** The live page's own thread: it keeps the histories and serves them, while the loop has its thread for itself. */
import { workerData } from 'node:worker_threads';
import { type AnyRecord, Recorder } from '../../../page/index.js';
import type { Reply, Request, WorkerStart } from '../messages.js';
import { liveServer } from './live-server.js';

const INTERVAL_MS = 200;
const PATIENCE_MS = 30_000;

const { port, shared, files, options } = workerData as WorkerStart;
const counters = new Int32Array(shared);
const recorder = new Recorder();
const namesByRun = new Map<string, Pick<NamedRecord, 'names' | 'sizes'>>();

interface NamedRecord extends AnyRecord {
  readonly run: string;
  readonly names?: readonly string[];
  readonly sizes?: readonly number[];
}

const reply = (message: Reply) => port.postMessage(message);

async function serve(): Promise<void> {
  const server = await liveServer(recorder.histories, files, {
    ...options,
    intervalMs: INTERVAL_MS,
    patienceMs: PATIENCE_MS,
  });
  port.on('message', (request: Request) => {
    switch (request.kind) {
      case 'record':
        recorder.take(withNames(request.record as NamedRecord));
        Atomics.add(counters, 1, request.cost);
        Atomics.notify(counters, 1);
        server.changed();
        break;
      case 'omitted':
        recorder.omit(request.run, request.what);
        server.changed();
        break;
      case 'flush':
        server.flush();
        reply({ kind: 'flushed', id: request.id });
    }
  });
  reply({ kind: 'listening', url: server.url });
}

function withNames(record: NamedRecord): AnyRecord {
  if (record.type !== 'parameter-updates') return record;
  if (record.names) {
    const { names, sizes = [] } = record;
    namesByRun.set(record.run, { names, sizes });
  }
  return { ...record, ...namesByRun.get(record.run) };
}

serve()
  .catch((cause: NodeJS.ErrnoException) => reply({ kind: 'failed', message: cause.message, code: cause.code }))
  .finally(() => {
    Atomics.store(counters, 0, 1);
    Atomics.notify(counters, 0);
  });
