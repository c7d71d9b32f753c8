/** Loaded when a file is asked for: the report has the whole page in it. */
import type { Slices, Work } from '../../page/client/index.js';
import type { AnyRecord, Histories } from '../../page/history/index.js';
import { type AnyParameterUpdates, type Statistic, statisticsOf } from '../../parameters/index.js';
import { csvOfLines } from '../download/csv-of-lines.js';
import type { RunFileForm } from '../download/download-sink.js';
import { fileName } from '../download/file-name.js';
import { GrowingText } from '../download/growing-text.js';
import { reportOf } from '../download/report-of.js';
import { jsonlEncoder } from '../jsonl/jsonl-encoder.js';

/** Runs as a file, called like the run. Only the report has all of them; the others have the records that were kept. */
export async function runFile(
  form: RunFileForm,
  histories: Histories,
  records: readonly AnyRecord[],
  slices: Slices,
): Promise<File> {
  const name = `${fileName(new Set(histories.runs.keys()))}.${form}`;
  const content = await contentOf(form, histories, records, slices);
  return new File([content], name, { type: content.type });
}

async function contentOf(
  form: RunFileForm,
  histories: Histories,
  records: readonly AnyRecord[],
  slices: Slices,
): Promise<Blob> {
  if (form === 'html') return reportOf(histories);
  const lines = new GrowingText();
  await slices.run(encoding(records, lines));
  return form === 'jsonl' ? lines.blob('application/x-ndjson') : csvOfLines(lines.blob(''), statisticsIn(records));
}

function* encoding(records: readonly AnyRecord[], lines: GrowingText): Work {
  const encode = jsonlEncoder();
  for (const record of records) {
    lines.append(encode(record));
    yield;
  }
}

function statisticsIn(records: readonly AnyRecord[]): Statistic[] {
  const updates = records.filter((record): record is AnyParameterUpdates => record.type === 'parameter-updates');
  return [...new Set(updates.flatMap((each) => statisticsOf(each)))];
}
