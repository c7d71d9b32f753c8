/** The front door of sinks/otel/: what other rooms use of it. */
export { startMetrics } from './start-metrics.js';
