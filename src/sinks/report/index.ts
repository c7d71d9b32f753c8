/** The front door of sinks/report/: what other rooms use of it. */
export { reportSink } from './report-sink.js';
