import type { Attributes } from '@opentelemetry/api';
import {
  type Histogram,
  MeterProvider,
  MetricReader,
  type MetricReaderOptions,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { metricViews } from 'trainscope/otel';

/** A reader that collects when told to. */
class ManualReader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

export interface Point {
  readonly value: number | Histogram;
  readonly attributes: Attributes;
  readonly endTime: readonly [number, number];
}

/** The SDK's own provider, and what it collects: points by metric name. */
export function provider({ series, ...reader }: MetricReaderOptions & { series?: number } = {}) {
  const manual = new ManualReader(reader);
  const meterProvider = new MeterProvider({ readers: [manual], views: series ? metricViews(series) : [] });
  const collect = async () => {
    const { resourceMetrics, errors } = await manual.collect();
    if (errors.length > 0) throw errors[0];
    return pointsOf(resourceMetrics);
  };
  return { meterProvider, collect };
}

function pointsOf({ scopeMetrics }: ResourceMetrics): Map<string, readonly Point[]> {
  const all = scopeMetrics.flatMap(({ metrics }) => metrics);
  return new Map(all.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints as readonly Point[]]));
}

/** The numbers of a metric by one of its attributes. */
export function by(points: readonly Point[] | undefined, attribute: string): Record<string, number> {
  return Object.fromEntries(
    (points ?? []).map(({ attributes, value }) => [String(attributes[attribute]), value]),
  ) as Record<string, number>;
}

/** The one number of a metric that has a single series. */
export function only(points: readonly Point[] | undefined): number | undefined {
  if (points && points.length > 1) throw new Error(`expected one point, got ${points.length}`);
  return points?.[0]?.value as number | undefined;
}
