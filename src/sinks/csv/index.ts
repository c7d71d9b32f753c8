/** The front door of sinks/csv/: what other rooms use of it. */
export { csvSink } from './csv-sink.js';
export { unguardText } from './encoder/text-cell.js';
export { metricsCsvSink } from './metrics-csv-sink.js';
