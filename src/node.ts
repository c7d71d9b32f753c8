/**
 * What needs Node: files and servers.
 *
 * @module
 */

export type { AnyRecord } from './page/history/recorder.js';
export { type LearningRatePictureOptions, learningRatePicture } from './plot/learning-rate-picture.js';
export { svgToPng } from './plot/svg-to-png.js';
export type {
  LearningRateSuggestion,
  NoLearningRate,
  RangeTest,
  RangeTestEnd,
  RangeTestPoint,
  RangeTestRates,
  SuggestedLearningRate,
} from './range-test/index.js';
export { DamagedLineError } from './records/damaged-line-error.js';
export { type ReadRunOptions, type ReplayOptions, readRun, replay } from './records/replay.js';
export { type IngestOptions, type IngestServer, ingest } from './server/ingest/ingest.js';
export type { RemoteRun } from './server/ingest/remote-run.js';
export type { KnownRun } from './server/ingest/senders.js';
export { type LiveSink, type LiveSinkOptions, liveSink } from './server/live/live-sink.js';
export { type RunsServer, type ServeRunsOptions, serveRuns } from './server/serve/serve-runs.js';
export { type CsvSinkOptions, csvSink } from './sinks/csv/csv-sink.js';
export type { CsvLayout } from './sinks/csv/encoder/csv-encoder.js';
export { type MetricsCsvSinkOptions, metricsCsvSink } from './sinks/csv/metrics-csv-sink.js';
export { type JsonlSinkOptions, jsonlSink } from './sinks/jsonl/jsonl-sink.js';
export { type ParquetSinkOptions, parquetSink } from './sinks/parquet/parquet-sink.js';
export { type ReportSinkOptions, reportSink } from './sinks/report/report-sink.js';
export {
  type HparamSettings,
  type TensorboardSinkOptions,
  tensorboardSink,
} from './sinks/tensorboard/tensorboard-sink.js';
