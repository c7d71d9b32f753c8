/** A run to be killed: a row every few milliseconds, and on standard output how many have been taken. */
import { csvSink } from '../../src/sinks/csv/csv-sink.js';
import { updates } from './updates.js';

const sink = csvSink(process.argv[2] ?? '');
let step = 0;
setInterval(() => {
  sink.next(updates(++step, { a: [1 / step, 1], b: [2, 1] }));
  process.stdout.write(`${step}\n`);
}, 2);
