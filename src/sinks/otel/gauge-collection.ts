import type { Attributes, HrTime } from '@opentelemetry/api';
import type { DataPoint, GaugeMetricData, ScopeMetrics } from '@opentelemetry/sdk-metrics';
import type { GaugeMetric, GaugeValues } from './gauge-frame.js';
import { DOUBLE } from './names.js';
import { METER_NAME, METER_VERSION } from './views.js';

/** What some gauges read at one moment, worked out. */
export interface TimedValues extends GaugeValues {
  readonly metrics: readonly GaugeMetric[];
  /** Milliseconds since 1970. */
  readonly time: number;
}

// The SDK's own constants, as it is not imported here; the types hold them to it.
const GAUGE = 2 satisfies GaugeMetricData['dataPointType'];
const CUMULATIVE = 1 satisfies GaugeMetricData['aggregationTemporality'];

/** Gauges as the SDK collects them: all points of a metric together, in the order of their frames. */
export function collectGauges(frames: Iterable<TimedValues>): ScopeMetrics[] {
  const collected = new Map<string, GaugeMetricData>();
  for (const { metrics, rows, columns, time } of frames) {
    const at = hrTime(time);
    metrics.forEach((metric, m) => {
      const data = collected.get(metric.name) ?? gaugeData(metric);
      collected.set(metric.name, data);
      rows.forEach((row, i) => {
        data.dataPoints.push(point(row, at, columns[m]?.[i] ?? Number.NaN));
      });
    });
  }
  if (collected.size === 0) return [];
  return [{ scope: { name: METER_NAME, version: METER_VERSION }, metrics: [...collected.values()] }];
}

function gaugeData({ name, description, unit, valueType = DOUBLE }: GaugeMetric): GaugeMetricData {
  return {
    descriptor: { name, description, unit, valueType },
    aggregationTemporality: CUMULATIVE,
    dataPointType: GAUGE,
    dataPoints: [],
  };
}

function point(attributes: Attributes, time: HrTime, value: number): DataPoint<number> {
  return { startTime: time, endTime: time, attributes, value };
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e3) * 1e3];
}
