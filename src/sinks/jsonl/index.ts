/** The front door of sinks/jsonl/: what other rooms use of it. */
export { type JsonlSinkOptions, jsonlSink } from './jsonl-sink.js';
