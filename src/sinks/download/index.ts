/** The front door of sinks/download/: what other rooms use of it. */
export { saveFile } from '../../page/client/index.js';
export { type DownloadSink, type DownloadSinkOptions, downloadSink, type RunFileForm } from './download-sink.js';
