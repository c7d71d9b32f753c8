/** The histories of runs, without the page that is served of them: the front door for those who run in a browser. */
export type { Changes } from './changes.js';
export { DetailRecorder, detailHistories } from './detail-recorder.js';
export { type DetailRequest, readDetailRequest, writeDetailRequest } from './detail-request.js';
export { differingSettings } from './differing-settings.js';
export { FinerHistories } from './finer/index.js';
export { Histories, RUNS_KEPT } from './histories.js';
export type { PackedHistograms } from './latest-updates.js';
export { newestOf } from './newest-of.js';
export { linesOf, piecesOf } from './pieces.js';
export { Presences, SILENT_AFTER_MS } from './presences.js';
export { type AnyRecord, isShown, Recorder } from './recorder.js';
export type { RunChanges, RunHistory } from './run-history.js';
export { type KeepsMore, ROWS_SHOWN } from './run-recorder.js';
export type { ShownRecord } from './shown-record.js';
export { shownSettings } from './shown-settings.js';
export type { StepRange } from './step-buckets.js';
