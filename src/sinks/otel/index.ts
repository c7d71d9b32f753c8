/** The front door of sinks/otel/: what other rooms use of it. */
export { type AllRunsMetrics, allRunsMetrics } from './all-runs-metrics.js';
export { checkMetrics, startMetrics } from './start-metrics.js';
