import { deflateRawSync } from 'node:zlib';
import { checkNotNegative, checkOptions, type Sink } from '../../events/index.js';
import {
  type AnyRecord,
  type Histories,
  isShown,
  linesOf,
  Recorder,
  type ShownRecord,
  standaloneDocument,
} from '../../page/index.js';
import { base64 } from '../base64.js';
import { createSink, type SinkWork } from '../create-sink.js';
import { WholeFile } from '../files/whole-file.js';
import { bytesOf } from '../panel/record-queue.js';
import { requireRecord } from '../require-record.js';
import { sha256 } from '../sha256/index.js';
import { wholeRecords } from '../whole-records.js';

/** Options of {@link reportSink}: how often it is written while the run goes on. */
export interface ReportSinkOptions {
  /**
   * Milliseconds between two writings while the stream goes on, at least: a writing that takes long is not repeated before
   * a hundred times its duration has gone by. Default: 10,000.
   */
  readonly intervalMs?: number;
  /** Milliseconds since any moment, never set back. Default: `performance.now`. */
  readonly clock?: () => number;
}

const INTERVAL_MS = 10_000;
/** Of the time of a training, writing takes a hundredth at most. */
const COST_SHARE = 100;
/** Records that wait to be recorded at most, and about their bytes. */
const MOST_WAITING = 256;
const MOST_BYTES = 1024 * 1024;

/**
 * Make the live page of a run, as one HTML file that opens without a network: what `liveSink` shows, to be kept, mailed
 * or looked at later. The file is written now and then as records come, when the stream ends, and at every `flush()`: a
 * process that is killed, by SIGINT, SIGTERM or SIGKILL, leaves the last one, whole.
 *
 * However long the run, the file stays small (under 2 MB for 200 parameters): steps are drawn together, with the least and
 * the greatest value of each. Takes any records, several runs and streams merged; those it does not show it passes over.
 *
 * @throws TypeError when `path` is no path or for an option that is wrong; Error for a path that cannot be written, with
 * the reason and the fix, for a file that another sink writes, and for one that is no report, which is left as it is.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { observe, parameterUpdates } from 'trainscope';
 * import { reportSink } from 'trainscope/node';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * const updates$ = run.events$.pipe(parameterUpdates());
 * run.attach(merge(run.events$, updates$), reportSink('results/report.html'));
 * ```
 */
export function reportSink(path: string, options: ReportSinkOptions = {}): Sink<AnyRecord> {
  checkOptions('reportSink', options, { intervalMs: true, clock: true });
  const { intervalMs = INTERVAL_MS, clock = () => performance.now() } = options;
  checkNotNegative('intervalMs', intervalMs);
  const file = new WholeFile(path, (head) => head.includes('<title>trainscope</title>'));
  const recorder = new Recorder();
  const waiting = new WaitingRecords(recorder);
  let nextAt = -Infinity;
  const write = () => {
    const begin = clock();
    waiting.record();
    file.write(standaloneDocument(packed(recorder.histories), (text) => base64(sha256(text))));
    const end = clock();
    nextAt = end + Math.max(intervalMs, COST_SHARE * (end - begin));
  };
  const work: SinkWork<AnyRecord> = {
    take(record) {
      if (!isShown(record)) return;
      waiting.push(record);
      if (clock() >= nextAt) write();
    },
    flush: write,
    end() {
      try {
        write();
      } finally {
        file.close();
      }
    },
  };
  return createSink(
    `reportSink(${path})`,
    wholeRecords(work, (record) => requireRecord(record, 'reportSink()')),
  );
}

/**
 * Records that have not been recorded yet. Many in a row take a fraction of the time that each takes alone, between two
 * steps of a model that have used the caches for themselves.
 */
class WaitingRecords {
  #records: ShownRecord[] = [];
  #bytes = 0;

  constructor(private readonly recorder: Recorder) {}

  push(record: ShownRecord): void {
    this.#records.push(record);
    this.#bytes += bytesOf(record);
    if (this.#records.length >= MOST_WAITING || this.#bytes >= MOST_BYTES) this.record();
  }

  record(): void {
    const records = this.#records;
    this.#records = [];
    this.#bytes = 0;
    for (const record of records) this.recorder.take(record);
  }
}

/** As base64 it holds no character that means anything to HTML, whatever the names of parameters are. */
function packed(histories: Histories): string {
  return deflateRawSync([...linesOf(histories.piecesSince(0))].join('')).toString('base64');
}
