import { checkConfusion } from './confusion-matrix.js';
import type { Evaluation, Metrics } from './events.js';

/** Metrics alone, or metrics with more, as the latter. */
export function evaluationOf(found: Metrics | Evaluation): Evaluation {
  const { metrics, confusion } = found as Evaluation;
  if (typeof confusion === 'object') checkConfusion(confusion);
  return typeof metrics === 'object' || typeof confusion === 'object' ? found : { metrics: found as Metrics };
}
