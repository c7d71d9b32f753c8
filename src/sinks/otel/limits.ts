import type { AnyParameterUpdates } from '../../parameters/index.js';
import type { Alerts } from './alerts.js';
import type { GaugeDetail, ParameterGauges } from './parameter-gauges.js';

/** Whether a metric gets a series: the first so many names do, and the others are told once. */
export function admitMetrics(alerts: Alerts, most: number): (name: string) => boolean {
  const admitted = new Set<string>();
  return (name) => {
    if (admitted.has(name)) return true;
    if (admitted.size < most) {
      admitted.add(name);
      return true;
    }
    alerts.begin({
      rule: 'otel-metrics-limit',
      severity: 'warning',
      message: `the loop logs under more than ${most} names: ${JSON.stringify(name)} and all that are new after it are left out; a step or an id belongs into no name; else raise maxMetrics`,
      threshold: most,
    });
    return false;
  };
}

/** Tells of an instrument that would have more series than it may. */
export function sayOverflow(alerts: Alerts, seriesLimit: number) {
  return (metric: string, series: number) =>
    alerts.begin({
      rule: 'otel-series-limit',
      severity: 'warning',
      message: `${metric} has ${series} series and the limit is ${seriesLimit}: the others are left out; give metricViews(${series + 1}) to the MeterProvider and seriesLimit: ${series + 1} to the sink, or a detail of 'movers' or 'layers'`,
      value: series,
      threshold: seriesLimit,
    });
}

/** Tells, once, of more parameters than get series of their own. */
export function saySizeOnce(
  alerts: Alerts,
  gauges: ParameterGauges,
  { detail }: { readonly detail?: GaugeDetail | 'auto' },
  { maxParameters, movers }: { maxParameters: number; movers: number },
) {
  let said = false;
  return (updates: AnyParameterUpdates) => {
    if (said || (detail ?? 'auto') !== 'auto' || gauges.detailOf(updates) !== 'movers') return;
    said = true;
    alerts.begin({
      rule: 'otel-detail',
      severity: 'info',
      message: `${updates.names.length} parameters are more than ${maxParameters}: exporting their layers, and the ${movers} fastest and ${movers} slowest; set detail: 'parameters' to have every one`,
      value: updates.names.length,
      threshold: maxParameters,
    });
  };
}
