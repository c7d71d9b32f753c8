/** The front door of server/: what other rooms use of it. */

export { type LiveFileSink, type LiveSink, liveFileSink, liveSink } from './live/live-sink.js';
export { type RunsServer, type ServeRunsOptions, serveRuns } from './serve/serve-runs.js';
