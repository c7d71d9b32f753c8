/**
 * What a page has: downloads of a run.
 *
 * @module
 */
export {
  type DownloadSink,
  type DownloadSinkOptions,
  downloadSink,
  type RunFileForm,
} from './sinks/download/download-sink.js';
export { saveFile } from './sinks/download/save-file.js';
