import type { ParameterUpdates } from '../parameters/index.js';
import { csvSink } from '../sinks/csv/index.js';

/** Write update norms as the tutorial's CSV. In a browser it is write-history.browser.ts. */
export async function writeHistory(file: string, updates: Iterable<ParameterUpdates<'updateNorm'>>): Promise<void> {
  const sink = csvSink(file, { layout: 'tutorial' });
  for (const each of updates) sink.next(each);
  await sink.close();
}
