/**
 * Send a run to a server of runs. Needs rxjs and `fetch` only: Node, and any browser.
 *
 * @module
 */
export { type RemoteSink, type RemoteSinkOptions, remoteSink } from './sinks/remote/remote-sink.js';
