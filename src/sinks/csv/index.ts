/** The front door of sinks/csv/: what other rooms use of it. */
export { csvSink } from './csv-sink.js';
export { metricsCsvSink } from './metrics-csv-sink.js';
