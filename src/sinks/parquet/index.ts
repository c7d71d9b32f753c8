/** The front door of sinks/parquet/: what other rooms use of it. */
export { parquetSink } from './parquet-sink.js';
