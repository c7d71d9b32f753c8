import type { Attributes } from '@opentelemetry/api';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { collectGauges, type TimedValues } from '../../../gauge-collection.js';
import type { Collected, GaugesMessage } from '../messages.js';

/** What writes metrics in Prometheus' text form. */
export interface Serializer {
  serialize(metrics: ResourceMetrics): string;
}

/** The page's text of what was collected, from the first collection on. */
export function pageText(serializer: Serializer): (collected: Collected) => string {
  const knownRows = new Map<string, readonly Attributes[]>();
  const withRows = ({ group, metrics, rows, columns }: GaugesMessage): TimedValues => {
    if (rows) knownRows.set(group, rows);
    return { metrics, rows: knownRows.get(group) ?? [], columns, time: Date.now() };
  };
  return ({ resource, scopes, gauges }) =>
    serializer.serialize({
      resource: { attributes: resource } as ResourceMetrics['resource'],
      scopeMetrics: [...scopes, ...collectGauges(gauges.map(withRows))],
    });
}
