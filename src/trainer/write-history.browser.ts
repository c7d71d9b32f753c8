import type { ParameterUpdates } from '../parameters/index.js';
import { type CsvEncoder, csvEncoder } from '../sinks/csv/encoder/index.js';
import { saveFile } from '../sinks/download/index.js';

/** A browser has no files: the person at the page saves it. */
export async function writeHistory(file: string, updates: Iterable<ParameterUpdates<'updateNorm'>>): Promise<void> {
  let encoder: CsvEncoder | undefined;
  const lines: string[] = [];
  for (const each of updates) {
    encoder ??= csvEncoder('tutorial', 'updateNorm', each);
    lines.push(encoder.encode(each));
  }
  saveFile(new File([encoder?.header ?? '', ...lines], file, { type: 'text/csv;charset=utf-8' }));
}
