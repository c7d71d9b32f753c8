/**
 * OpenTelemetry: a training run as metrics, for Prometheus, a Collector, Grafana.
 *
 * @module
 */
export {
  type GaugeProducer,
  type GaugeProducerOptions,
  gaugeProducer,
} from './sinks/otel/gauge-producer.js';
export type { GaugeStatistic } from './sinks/otel/names.js';
export { type OtelSink, type OtelSinkOptions, otelSink } from './sinks/otel/otel-sink.js';
export type { GaugeDetail } from './sinks/otel/parameter-gauges.js';
export type { MetricsExporter, MetricsOptions } from './sinks/otel/setup/settings.js';
export type { ExportCounts } from './sinks/otel/setup/watch-exports.js';
export { startMetrics, type TrainingMetricsSetup } from './sinks/otel/start-metrics.js';
export { cleanTags, type RunTags } from './sinks/otel/tags.js';
export { METER_NAME, type MetricView, metricViews } from './sinks/otel/views.js';
