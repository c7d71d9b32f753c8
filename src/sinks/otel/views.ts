import { checkPositiveInteger } from '../../events/index.js';

/** The name of the meter that every instrument of `otelSink` comes from. */
export const METER_NAME = 'trainscope';

/** The version of this package, which that meter has. */
export const METER_VERSION = '0.1.0';

/** A View of the OpenTelemetry SDK, as much of it as is needed here. */
export interface MetricView {
  /** The meter whose instruments it is for: {@link METER_NAME}. */
  readonly meterName: string;
  /** How many series each of them may have. */
  readonly aggregationCardinalityLimit: number;
}

/**
 * Views for an application's own `MeterProvider`, so that every instrument of this library may have `series` series. The
 * SDK's own limit is 2,000; above it, it puts all the others into one. Say the same number to the sink, as `seriesLimit`.
 *
 * @throws TypeError when `series` is no whole number above 0.
 *
 * @example
 * ```ts
 * import { MeterProvider } from '@opentelemetry/sdk-metrics';
 * import { metricViews, otelSink } from 'trainscope/otel';
 *
 * const meterProvider = new MeterProvider({ views: [...metricViews(10_000)] });
 * const sink = otelSink({ meterProvider, detail: 'parameters', seriesLimit: 10_000 });
 * ```
 */
export function metricViews(series: number): MetricView[] {
  checkPositiveInteger('series', series);
  return [{ meterName: METER_NAME, aggregationCardinalityLimit: series }];
}
