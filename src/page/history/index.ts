/** The histories of runs, without the page that is served of them: the front door for those who run in a browser. */
export { type Changes, Histories, RUNS_KEPT } from './histories.js';
export { type AnyRecord, isShown, Recorder } from './recorder.js';
export type { ShownRecord } from './shown-record.js';
