/** The front door of page/: what other rooms use of it. */
export {
  type AnyRecord,
  type Changes,
  Histories,
  isShown,
  Recorder,
  RUNS_KEPT,
  type ShownRecord,
} from './history/index.js';
export { type PageFiles, pageFiles, type RunsPageFiles, runsPageFiles, standaloneDocument } from './page-document.js';
