import { checkOneOf, checkOptions, checkPositive, type Sink } from '../../events/index.js';
import { type AnyRecord, Recorder } from '../../page/index.js';
import { type AnyParameterUpdates, type Statistic, statisticsOf } from '../../parameters/index.js';
import { createSink } from '../create-sink.js';
import { jsonlEncoder } from '../jsonl/jsonl-encoder.js';
import { requireRecord } from '../require-record.js';
import { wholeRecords } from '../whole-records.js';
import { csvOfLines } from './csv-of-lines.js';
import { fileName } from './file-name.js';
import { GrowingText } from './growing-text.js';
import { reportOf } from './report-of.js';

/** What a run can be downloaded as: its records as JSON lines, its parameter updates as CSV, its page as one file. */
export type RunFileForm = 'jsonl' | 'csv' | 'html';

const FORMS: readonly RunFileForm[] = ['jsonl', 'csv', 'html'];

/** Options of {@link downloadSink}: how much it keeps. */
export interface DownloadSinkOptions {
  /**
   * Bytes of JSON lines that are kept, about: records after that are left out of them, and counted. Default: 268,435,456
   * (256 MiB), which is 13,000 steps of 200 parameters with 7 statistics.
   */
  readonly maxBytes?: number;
}

/** A sink that keeps a run, to be had as a file. */
export interface DownloadSink extends Sink<AnyRecord> {
  /** Records that are not among the lines, for `maxBytes`. */
  readonly omitted: number;
  /** What was taken so far, as a file called like the run; also after the end. @throws RangeError for another form. */
  file(form: RunFileForm): Promise<File>;
}

const MAX_BYTES = 2 ** 28;

/**
 * Keep a run in a page or a worker, to download it as a file: as JSON lines (the file of `jsonlSink`), as CSV (that of
 * `csvSink` in the layout `long`), or as the report (that of `reportSink`).
 *
 * What it keeps is the lines, up to `maxBytes`, in Blobs, which browsers hold outside of the heap and, large ones, on the
 * disk; and what the page shows, about 2 MB for 200 parameters, however long the run. So the report is always of the whole
 * run. CSV is made of the lines when it is asked for, a piece at a time. Records that the lines have no room for are
 * counted in `omitted`, and `closed` rejects with their number.
 *
 * @throws TypeError or RangeError for an option that is wrong.
 *
 * @example
 * ```ts not run: a page
 * import { merge } from 'rxjs';
 * import { observe, parameterUpdates } from 'trainscope';
 * import { downloadSink, saveFile } from 'trainscope/browser';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * const download = downloadSink();
 * run.attach(merge(run.events$, run.events$.pipe(parameterUpdates())), download);
 * document.querySelector('button')!.onclick = async () => saveFile(await download.file('csv'));
 * ```
 */
export function downloadSink(options: DownloadSinkOptions = {}): DownloadSink {
  const { maxBytes = MAX_BYTES } = checkOptions('downloadSink', options, { maxBytes: true });
  checkPositive('maxBytes', maxBytes);
  const recorder = new Recorder();
  const lines = new GrowingText();
  const encode = jsonlEncoder();
  const runs = new Set<string>();
  const statistics = new Set<Statistic>();
  let omitted = 0;

  const keepLine = (record: AnyRecord) => {
    if (omitted > 0 || lines.size >= maxBytes) {
      omitted++;
      return;
    }
    lines.append(encode(record));
    if (!isUpdates(record)) return;
    for (const statistic of statisticsOf(record)) statistics.add(statistic);
  };
  const work = {
    take(record: AnyRecord) {
      const { run } = record as { readonly run?: unknown };
      if (typeof run === 'string') runs.add(run);
      recorder.take(record);
      keepLine(record);
    },
    end() {
      if (omitted > 0) {
        throw new RangeError(`${omitted} records were left out: the run is longer than maxBytes, ${maxBytes} bytes`);
      }
    },
  };
  const contentOf: Readonly<Record<RunFileForm, () => Promise<Blob>>> = {
    jsonl: async () => lines.blob('application/x-ndjson'),
    csv: () => csvOfLines(lines.blob(''), [...statistics]),
    html: () => reportOf(recorder.histories),
  };
  const sink = createSink(
    'downloadSink()',
    wholeRecords(work, (record) => requireRecord(record, 'downloadSink()')),
  );
  return {
    ...sink,
    get omitted() {
      return omitted;
    },
    async file(form) {
      checkOneOf('form', form, FORMS);
      const content = await contentOf[form]();
      return new File([content], `${fileName(runs)}.${form}`, { type: content.type });
    },
  };
}

function isUpdates(record: AnyRecord): record is AnyParameterUpdates {
  return record.type === 'parameter-updates';
}
