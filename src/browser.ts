/**
 * What needs a page: the panel of a run in one's own. Needs rxjs only.
 *
 * @module
 */
export type { AnyRecord } from './page/history/recorder.js';
export { type PanelSink, type PanelSinkOptions, type PanelUsage, panelSink } from './sinks/panel/panel-sink.js';
