import { evaluationLossOf, requiredMetric, type TrainingEvent } from '../events/index.js';

/** The training losses since the last evaluation, as plain data. */
export interface TrainLosses {
  sum: number;
  count: number;
}

/** What an evaluation and the steps before it say. */
export interface EvaluatedLosses {
  /** The mean loss of the steps since the evaluation before. */
  readonly train: number;
  readonly validation: number;
}

/**
 * Follow the losses of training until an evaluation, and give both; undefined for any other event, and for an evaluation
 * without steps before it or without a finite loss, which nothing could ever be compared with again.
 *
 * @throws TypeError when the evaluation lacks the metric that was asked for by name.
 */
export function evaluatedLosses(
  event: TrainingEvent,
  losses: TrainLosses,
  metric: string | undefined,
): EvaluatedLosses | undefined {
  if (event.type === 'step-end' && Number.isFinite(event.loss)) {
    losses.sum += event.loss;
    losses.count++;
  }
  if (event.type !== 'evaluate' || losses.count === 0) return undefined;
  const { metrics } = event;
  const validation = metric === undefined ? evaluationLossOf(metrics) : requiredMetric(metrics, metric);
  if (validation === undefined) return undefined;
  const train = losses.sum / losses.count;
  losses.sum = 0;
  losses.count = 0;
  return Number.isFinite(validation) ? { train, validation } : undefined;
}
