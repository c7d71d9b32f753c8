import type { Metrics } from '../../events/index.js';
import type { ResolvedArguments } from '../arguments/training-arguments.js';

type MetricArguments = Pick<ResolvedArguments, 'metricForBestModel'>;

/** The name of the metric that decides, as evaluations have it: `eval_loss`. */
export function metricName({ metricForBestModel = 'loss' }: MetricArguments): string {
  return metricForBestModel.startsWith('eval_') ? metricForBestModel : `eval_${metricForBestModel}`;
}

/** @throws RangeError that lists the metrics there are. */
export function metricOf(metrics: Metrics, args: MetricArguments): number {
  const name = metricName(args);
  const value = metrics[name];
  if (value !== undefined) return value;
  throw new RangeError(
    `metricForBestModel: expected one of the evaluation's metrics ${Object.keys(metrics).join(', ')}; got ${JSON.stringify(name)}; computeMetrics makes them`,
  );
}
