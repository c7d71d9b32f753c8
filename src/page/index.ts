/** The front door of page/: what other rooms use of it. */
export { FinerHistories } from './history/finer/index.js';
export {
  type AnyRecord,
  type Changes,
  DetailRecorder,
  type DetailRequest,
  differingSettings,
  Histories,
  isShown,
  linesOf,
  newestOf,
  type PackedHistograms,
  Presences,
  piecesOf,
  Recorder,
  RUNS_KEPT,
  type RunChanges,
  type RunHistory,
  readDetailRequest,
  type ShownRecord,
  SILENT_AFTER_MS,
  type StepRange,
  shownSettings,
  writeDetailRequest,
} from './history/index.js';
export { type PageFiles, pageFiles, type RunsPageFiles, runsPageFiles, standaloneDocument } from './page-document.js';
