import { describeValue, nearestHint } from './check-option.js';
import type { Metrics } from './events.js';

/** A metric that was asked for by name. @throws TypeError that lists the metrics there are. */
export function requiredMetric(metrics: Metrics, name: string): number {
  const value = metrics[name];
  if (value !== undefined) return value;
  const names = Object.keys(metrics);
  throw new TypeError(
    `metric: expected one of ${names.join(', ')}; got ${describeValue(name)}${nearestHint(name, names)}`,
  );
}

/** What an evaluation calls its loss: `model.fit` says `val_loss`, a Trainer `eval_loss`. */
export function evaluationLossOf(metrics: Metrics): number | undefined {
  return metrics.val_loss ?? metrics.eval_loss;
}
