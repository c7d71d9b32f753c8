/** A process to be killed: writes rows without end, in a loop that yields (`async`) or never does (`sync`). */

import { csvSink } from '../../../src/sinks/csv/csv-sink.js';
import type { CsvLayout } from '../../../src/sinks/csv/encoder/csv-encoder.js';
import { updatesOf } from '../../helpers/updates.js';

const [path, loop, layout, handler] = process.argv.slice(2) as [string, 'sync' | 'async', CsvLayout, string?];
if (handler) process.on('SIGTERM', () => process.exit(7));
const sink = csvSink(path, { layout });
sink.closed.catch((cause) => {
  console.error(cause.message);
  process.exit(3);
});
const names = Array.from({ length: 40 }, (_, i) => `bert.encoder.layer.${i}.attention.self.query.weight`);

for (let step = 1; ; step++) {
  sink.next(updatesOf(Object.fromEntries(names.map((name, i) => [name, (i + 1) / step])), { step }));
  // The last step that was taken is on standard output: it must be in the file.
  if (step % 20 === 0) process.stdout.write(`${step}\n`);
  if (loop === 'async') await new Promise(setImmediate);
}
