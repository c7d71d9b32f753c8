import type { PushMetricExporter, ResourceMetrics, ScopeMetrics } from '@opentelemetry/sdk-metrics';
import type { Rejection } from './see-rejections.js';

/** What became of the exports so far. */
export interface ExportCounts {
  /** Exports (or scrapes) that got through. */
  readonly exports: number;
  /** Exports that failed for good, after the exporter's own retries. */
  readonly failures: number;
  /** Points in the exports that got through, and were taken; a scrape is not counted in points. */
  readonly exportedPoints: number;
  /** Points that are lost: in exports that failed, not taken by the endpoint, or gone before they were collected. */
  readonly droppedPoints: number;
}

/** Told what becomes of each export. */
export interface ExportWatcher {
  /** Points that got through, and what the endpoint says of others in the same export. */
  exported(points: number, rejection?: Rejection): void;
  failed(points: number, cause: unknown): void;
}

/** Exports that have begun and not ended; a shutdown that runs out of time counts them as lost. */
export interface WatchedExporter extends PushMetricExporter {
  readonly pendingPoints: number;
}

export interface WatchOptions {
  readonly watcher: ExportWatcher;
  /** Takes what the last response of the endpoint said. */
  readonly takeRejection?: () => Rejection | undefined;
  /** What is sent in place of what was collected. */
  readonly change?: (metrics: ResourceMetrics) => ResourceMetrics;
}

/** The same exporter, seen from outside: readers keep to themselves which exports failed. */
export function watchExports(exporter: PushMetricExporter, options: WatchOptions): WatchedExporter {
  const { watcher, takeRejection = () => undefined, change = (metrics) => metrics } = options;
  let pendingPoints = 0;
  return {
    get pendingPoints() {
      return pendingPoints;
    },
    export(metrics, done) {
      const points = countPoints(metrics);
      pendingPoints += points;
      exporter.export(change(withJoinedScopes(metrics)), (result) => {
        pendingPoints -= points;
        if (result.code === SUCCESS) {
          const rejection = takeRejection();
          watcher.exported(points - Math.min(points, rejection?.points ?? 0), rejection);
        } else watcher.failed(points, result.error);
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    ...(exporter.selectAggregation && { selectAggregation: exporter.selectAggregation.bind(exporter) }),
    ...(exporter.selectAggregationTemporality && {
      selectAggregationTemporality: exporter.selectAggregationTemporality.bind(exporter),
    }),
  };
}

/** `ExportResultCode.SUCCESS` of a package that is not imported for it. */
const SUCCESS = 0;

function countPoints({ scopeMetrics }: ResourceMetrics): number {
  let points = 0;
  for (const { metrics } of scopeMetrics) for (const { dataPoints } of metrics) points += dataPoints.length;
  return points;
}

/** A scope comes once a request, whether its metrics are of instruments or of a producer. */
export function withJoinedScopes(metrics: ResourceMetrics): ResourceMetrics {
  const scopes = new Map<string, ScopeMetrics>();
  for (const { scope, metrics: more } of metrics.scopeMetrics) {
    const key = JSON.stringify([scope.name, scope.version, scope.schemaUrl]);
    scopes.set(key, { scope, metrics: [...(scopes.get(key)?.metrics ?? []), ...more] });
  }
  return scopes.size === metrics.scopeMetrics.length ? metrics : { ...metrics, scopeMetrics: [...scopes.values()] };
}
