/** The front door of sinks/: what other rooms use of it. */
export { createSink } from './create-sink.js';
export { requireRecord } from './require-record.js';
export { snakeCase } from './snake-case.js';
export { wholeRecords } from './whole-records.js';
