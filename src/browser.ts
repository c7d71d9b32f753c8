/**
 * What a page has: a panel of its runs, and downloads of them.
 *
 * @module
 */

export { saveFile } from './page/client/parts/save-file.js';
export type { AnyRecord } from './page/history/recorder.js';
export {
  type DownloadSink,
  type DownloadSinkOptions,
  downloadSink,
  type RunFileForm,
} from './sinks/download/download-sink.js';
export type { PanelTheme } from './sinks/panel/panel-host.js';
export { type PanelSink, type PanelSinkOptions, type PanelUsage, panelSink } from './sinks/panel/panel-sink.js';
