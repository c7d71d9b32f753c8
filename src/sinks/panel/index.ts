/** The front door of sinks/panel/: what other rooms use of it. */
export { panelSink } from './panel-sink.js';
