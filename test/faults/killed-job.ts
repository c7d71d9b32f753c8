/**
 * A training to be killed: says its weights after every step, without end, and writes what it does to every kind of file.
 * Told to `append`, it goes on in the files that are there.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { merge } from 'rxjs';
import { parameterUpdates } from '../../src/operators/parameter-updates.js';
import { observe } from '../../src/run/observe.js';
import { csvSink } from '../../src/sinks/csv/csv-sink.js';
import { jsonlSink } from '../../src/sinks/jsonl/jsonl-sink.js';
import { parquetSink } from '../../src/sinks/parquet/parquet-sink.js';
import { reportSink } from '../../src/sinks/report/report-sink.js';
import { tensorboardSink } from '../../src/sinks/tensorboard/tensorboard-sink.js';
import { endless, STEPS_A_PART } from './endless.js';

const [, , folder = '', how] = process.argv;
const append = how === 'append';
const { weights, descend, line, parameters } = endless();
const run = observe(weights, { run: 'killed' });
const updates$ = run.events$.pipe(parameterUpdates());
run.attach(updates$, csvSink(join(folder, 'wide.csv'), { append }));
run.attach(updates$, csvSink(join(folder, 'long.csv'), { layout: 'long', append }));
run.attach(merge(run.events$, updates$), jsonlSink(join(folder, 'run.jsonl'), { append }));
run.attach(merge(run.events$, updates$), tensorboardSink(join(folder, 'tensorboard')));
const rowsPerPart = STEPS_A_PART * parameters;
run.attach(updates$, parquetSink(join(folder, 'parquet'), { rowsPerPart, intervalMs: 0, append }));
run.attach(merge(run.events$, updates$), reportSink(join(folder, 'report.html')));

for (let step = 1; ; step++) {
  run.step({ loss: 1 / step, learningRate: 0.1 }, descend);
  writeSync(1, `${line()}\n`);
}
