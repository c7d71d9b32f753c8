import { type Metrics, namedMetrics } from '../events/index.js';

const NAMES: ReadonlySet<string> = new Set(['accuracy', 'acc']);

/** The accuracy among the metrics of an evaluation, however the loop names it; undefined where there is none. */
export function evaluatedAccuracy(metrics: Metrics): number | undefined {
  return namedMetrics('evaluate', metrics).find(({ name }) => NAMES.has(name))?.value;
}
