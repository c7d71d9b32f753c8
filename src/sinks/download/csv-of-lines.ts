import type { AnyParameterUpdates, Statistic } from '../../parameters/index.js';
import { recordDecoder } from '../../records/decoder/index.js';
import { longCsvEncoder } from '../csv/csv-encoder.js';
import { GrowingText } from './growing-text.js';
import { linesOf } from './lines-of.js';

/** Lines that say what parameters there are, and how far they have moved. */
const OF_UPDATES = /^\{"v":\d+,"type":"(?:parameters|parameter-updates)"/;

/** The parameter updates among the lines of a run, as CSV in the layout `long`. */
export async function csvOfLines(lines: Blob, statistics: readonly Statistic[]): Promise<Blob> {
  const decoder = recordDecoder();
  const encoder = longCsvEncoder(statistics);
  const text = new GrowingText();
  text.append(encoder.header);
  for await (const line of linesOf(lines)) {
    const updates = OF_UPDATES.test(line) && decoder.decode(line);
    if (updates) text.append(encoder.encode(updates as AnyParameterUpdates));
  }
  return text.blob('text/csv;charset=utf-8');
}
