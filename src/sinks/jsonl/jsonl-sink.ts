import { checkOptions, type Sink } from '../../events/index.js';
import { createSink } from '../create-sink.js';
import { RecordFile } from '../files/record-file.js';
import { requireRecord } from '../require-record.js';
import { jsonlEncoder } from './jsonl-encoder.js';
import { resumption } from './resumption.js';
import { endWithWholeLine, isRecordedRun, lastRecord } from './whole-json-lines.js';

/** Options of {@link jsonlSink}: whether it goes on with a file that is there. */
export interface JsonlSinkOptions {
  /**
   * Go on after the records of an existing file, as when a training is resumed: where the last of them is of the run that
   * goes on, a record of type `resumed` says from which step. Default: the file is replaced.
   */
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
 * it is missing. A disk that is full rejects `closed` (under `attach`: one `sink-error`) and leaves whole lines; so does
 * a file that somebody removed, and, at the end, one that somebody cut or wrote to during the run.
 *
 * The file is this sink's alone until it is closed, also for other processes (by a `.lock` file beside it).
 *
 * @throws Error for a path that cannot be written, with the reason and the fix; for a file that another sink writes, and
 * for one that is no recorded run, which is left as it is.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { observe, parameterUpdates } from 'trainscope';
 * import { jsonlSink } from 'trainscope/node';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.attach(merge(run.events$, run.events$.pipe(parameterUpdates())), jsonlSink('results/run.jsonl'));
 * ```
 */
export function jsonlSink(path: string, options: JsonlSinkOptions = {}): Sink<{ readonly type: string }> {
  const { append = false } = checkOptions('jsonlSink', options, { append: true });
  const file = new RecordFile(path, { append, isOurs: isRecordedRun });
  if (append) file.orClose(() => endWithWholeLine(file, path));
  let before = append ? lastRecord(file) : undefined;
  let encode = jsonlEncoder();
  return createSink<{ readonly type: string }>(`jsonlSink(${path})`, {
    take(record) {
      requireRecord(record, 'jsonlSink()');
      // Lines refer to those before them, which may be gone.
      if (file.wasCut()) {
        endWithWholeLine(file, path);
        encode = jsonlEncoder();
      }
      const resumed = before && resumption(before, record);
      before = undefined;
      if (resumed) file.append(encode(resumed));
      file.append(encode(record));
    },
    end: () => file.close(),
  });
}
