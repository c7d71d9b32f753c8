import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { Sink } from '../../events/sink.js';
import type { Changes } from '../../page/history/histories.js';
import { type AnyRecord, Recorder } from '../../page/history/recorder.js';
import { standaloneDocument } from '../../page/page-document.js';
import { createSink } from '../create-sink.js';
import { requireRecord } from '../require-record.js';

/**
 * Make the live page of a run, as one HTML file that opens without a network: what `liveSink` shows, to be kept, mailed
 * or looked at later. The file is written when the stream ends, and at every `flush()`.
 *
 * However long the run, the file stays small (under 2 MB for 200 parameters): steps are drawn together, with the least and
 * the greatest value of each. Takes any records, several runs and streams merged; those it does not show it passes over.
 *
 * @throws TypeError when `path` is no path. A file that cannot be written rejects `closed`.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { parameterUpdates } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 * import { reportSink } from 'trainscope/node';
 *
 * const training = instrument(model);
 * const updates$ = training.events$.pipe(parameterUpdates());
 * training.attach(merge(training.events$, updates$), reportSink('results/report.html'));
 * ```
 */
export function reportSink(path: string): Sink<AnyRecord> {
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`path: expected the path of a file, got ${JSON.stringify(path)}`);
  }
  const recorder = new Recorder();
  const write = () => writeWhole(path, standaloneDocument(packed(recorder.histories.changesSince(0)), sha256));
  return createSink<AnyRecord>(`reportSink(${path})`, {
    take(record) {
      requireRecord(record, 'reportSink()');
      recorder.take(record);
    },
    flush: write,
    end: write,
  });
}

/** As base64 it holds no character that means anything to HTML, whatever the names of parameters are. */
function packed(changes: Changes): string {
  return deflateRawSync(JSON.stringify(changes)).toString('base64');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

/** Whoever opens the file meanwhile sees the one before, whole. */
function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}
