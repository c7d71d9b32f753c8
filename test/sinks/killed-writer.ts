/** A process to be killed: writes the same steps to every kind of file, without end, and says each when all have it. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { createParameterUpdates } from '../../src/parameters/parameter-updates.js';
import { csvSink } from '../../src/sinks/csv/csv-sink.js';
import { jsonlSink } from '../../src/sinks/jsonl/jsonl-sink.js';
import { parquetSink } from '../../src/sinks/parquet/parquet-sink.js';
import { tensorboardSink } from '../../src/sinks/tensorboard/tensorboard-sink.js';

const folder = process.argv[2]!;
const names = Array.from({ length: 40 }, (_, i) => `bert.encoder.layer.${i}.attention.self.query.weight`);
const sinks = [
  csvSink(join(folder, 'wide.csv')),
  csvSink(join(folder, 'long.csv'), { layout: 'long' }),
  jsonlSink(join(folder, 'run.jsonl')),
  tensorboardSink(join(folder, 'tensorboard')),
  // Five steps a file, which is also written when it is not full.
  parquetSink(join(folder, 'parquet'), { rowsPerPart: 200, intervalMs: 0 }),
];

for (let step = 1; ; step++) {
  const column = Float64Array.from(names, (_, i) => (i + 1) / (3 * step));
  const updates = createParameterUpdates<'updateNorm' | 'weightNorm'>({
    run: 'killed',
    step,
    epoch: 0,
    time: step,
    loss: 1 / step,
    learningRate: 0.1,
    names,
    sizes: names.map(() => 4),
    columns: { updateNorm: column, weightNorm: column },
    histograms: {},
  });
  for (const sink of sinks) sink.next(updates);
  writeSync(1, `${step}\n`);
}
