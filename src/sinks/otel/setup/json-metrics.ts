import type { DataPoint, MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';

/**
 * The same metrics with NaN and the infinities as texts, which is how protobuf writes them as JSON: the encoder would
 * make them null, and the endpoint take them for 0.
 */
export function jsonMetrics(metrics: ResourceMetrics): ResourceMetrics {
  const scopeMetrics = metrics.scopeMetrics.map((scope) => ({ ...scope, metrics: scope.metrics.map(jsonMetric) }));
  return { ...metrics, scopeMetrics };
}

const isFinitePoint = ({ value }: DataPoint<unknown>) => typeof value !== 'number' || Number.isFinite(value);

function jsonMetric(metric: MetricData): MetricData {
  const points: readonly DataPoint<unknown>[] = metric.dataPoints;
  if (points.every(isFinitePoint)) return metric;
  const dataPoints = points.map((point) => (isFinitePoint(point) ? point : { ...point, value: String(point.value) }));
  return { ...metric, dataPoints } as MetricData;
}
