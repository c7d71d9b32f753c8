import { checkOptions } from '../../events/check-option.js';
import type { Sink } from '../../events/sink.js';
import { createSink } from '../create-sink.js';
import { RecordFile } from '../record-file.js';
import { requireRecord } from '../require-record.js';
import { jsonlEncoder } from './jsonl-encoder.js';
import { wholeJsonLines } from './whole-json-lines.js';

export interface JsonlSinkOptions {
  /** Go on after the records of an existing file, as when a training is resumed. Default: the file is replaced. */
  readonly append?: boolean;
}

/**
 * Records a run: every event and measurement it is given, one line of JSON each, for {@link replay}.
 *
 * Give it the events and whatever was measured, merged. Numbers are written in full, so that what is computed of a
 * replay equals what was computed live; NaN and the infinities too. The live parameters that `pre-optimizer-step` and
 * `optimizer-step` carry are left out. docs/recorded-runs.md describes the lines.
 *
 * Every record is in the file before `next` returns: nothing is lost when the process is killed. The folder is made if
 * it is missing. A disk that is full rejects `closed` (under `attach`: one `sink-error`) and leaves whole lines.
 *
 * @throws Error for a path that cannot be written, with the reason and the fix.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { parameterUpdates } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 * import { jsonlSink } from 'trainscope/node';
 *
 * const training = instrument(model);
 * training.attach(merge(training.events$, training.events$.pipe(parameterUpdates())), jsonlSink('results/run.jsonl'));
 * ```
 */
export function jsonlSink(path: string, options: JsonlSinkOptions = {}): Sink<{ readonly type: string }> {
  const { append = false } = checkOptions('jsonlSink', options, { append: true });
  const file = new RecordFile(path, { append });
  if (append) cutTornLine(file);
  const encode = jsonlEncoder();
  return createSink<{ readonly type: string }>(`jsonlSink(${path})`, {
    take(record) {
      requireRecord(record, 'jsonlSink()');
      file.append(encode(record));
    },
    end: () => file.close(),
  });
}

/** What a kill tore off at the end of a file to be continued. */
function cutTornLine(file: RecordFile): void {
  const size = wholeJsonLines(file.fd, file.size);
  if (size < file.size) file.truncate(size);
}
