import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** What became of the exports so far. */
export interface ExportCounts {
  /** Exports (or scrapes) that got through. */
  readonly exports: number;
  /** Exports that failed for good, after the exporter's own retries. */
  readonly failures: number;
  /** Points in the exports that got through; a scrape is not counted in points. */
  readonly exportedPoints: number;
  /** Points that are lost: in exports that failed, or gone before they were collected. */
  readonly droppedPoints: number;
}

/** Told what becomes of each export. */
export interface ExportWatcher {
  exported(points: number): void;
  failed(points: number, cause: unknown): void;
}

/** Exports that have begun and not ended; a shutdown that runs out of time counts them as lost. */
export interface WatchedExporter extends PushMetricExporter {
  readonly pendingPoints: number;
}

/** The same exporter, seen from outside: readers keep to themselves which exports failed. */
export function watchExports(exporter: PushMetricExporter, watcher: ExportWatcher): WatchedExporter {
  let pendingPoints = 0;
  return {
    get pendingPoints() {
      return pendingPoints;
    },
    export(metrics, done) {
      const points = countPoints(metrics);
      pendingPoints += points;
      exporter.export(metrics, (result) => {
        pendingPoints -= points;
        if (result.code === SUCCESS) watcher.exported(points);
        else watcher.failed(points, result.error);
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
