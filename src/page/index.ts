/** The front door of page/: what other rooms use of it. */
export { type Changes, Histories, RUNS_KEPT } from './history/histories.js';
export { type AnyRecord, isShown, Recorder } from './history/recorder.js';
export type { ShownRecord } from './history/run-recorder.js';
export { type PageFiles, pageFiles, type RunsPageFiles, runsPageFiles, standaloneDocument } from './page-document.js';
