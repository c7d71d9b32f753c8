import type { ValueType } from '@opentelemetry/api';
import type { Statistic } from '../../parameters/index.js';
import type { GaugeMetric } from './gauge-frame.js';

/** The statistics that can be a gauge by parameter; `nonFinite` is a counter. */
export type GaugeStatistic = Exclude<Statistic, 'nonFinite'>;

/** Those of them that a layer has too: they follow from the norms of its parameters. */
export type LayerStatistic = 'updateNorm' | 'weightNorm' | 'gradientNorm' | 'updateRatio';

/**
 * A ratio has the unit `1`, and a name that ends in `ratio`, which a translation to Prometheus would make of that unit. A
 * norm has none: its unit is that of the parameters, and `1` would make `…_norm_ratio` of it.
 */
const BY_PARAMETER: Readonly<Record<GaugeStatistic, readonly [suffix: string, unit: string, description: string]>> = {
  updateNorm: ['update.norm', '', 'L2 norm of the last update'],
  weightNorm: ['norm', '', 'L2 norm of the values before the last update'],
  updateRatio: ['update.ratio', '1', 'Norm of the last update over the norm of the values before it'],
  gradientNorm: ['gradient.norm', '', 'L2 norm of the gradient'],
  maxAbsUpdate: ['update.max', '', 'Largest absolute change of an element'],
  unchanged: ['unchanged.ratio', '1', 'Share of the elements that did not change'],
  meanAbsRatio: ['update.mean_abs_ratio', '1', 'Mean absolute change over mean absolute value'],
  stdRatio: ['update.std_ratio', '1', 'Standard deviation of the change over that of the values'],
};

export const GAUGE_STATISTICS = Object.keys(BY_PARAMETER) as readonly GaugeStatistic[];

export const LAYER_STATISTICS: readonly LayerStatistic[] = ['updateNorm', 'weightNorm', 'gradientNorm', 'updateRatio'];

export function isLayerStatistic(statistic: Statistic): statistic is LayerStatistic {
  return (LAYER_STATISTICS as readonly Statistic[]).includes(statistic);
}

/** Decades from nothing to everything. */
export const RATIO_BUCKETS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1];

/** A millisecond to a minute, in seconds. */
export const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

// The API's own constants, as it is not imported here; the types hold them to it.
export const INT = 0 satisfies ValueType.INT;
export const DOUBLE = 1 satisfies ValueType.DOUBLE;

/** A metric whose values are whole numbers. */
function whole(metric: GaugeMetric): GaugeMetric {
  return { ...metric, valueType: INT };
}

/** Every name there is, under one root. */
export type Names = ReturnType<typeof namesUnder>;

export function namesUnder(root: string) {
  if (!/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/i.test(root)) {
    throw new TypeError(
      `root: expected letters, digits and underscores, in parts set apart by dots, beginning with a letter; got ${JSON.stringify(root)}`,
    );
  }
  const metric = (name: string, unit: string, description: string): GaugeMetric => ({
    name: `${root}.${name}`,
    unit,
    description,
  });
  const statisticsOf = (subject: string) => {
    const metrics = Object.entries(BY_PARAMETER).map(([statistic, [suffix, unit, description]]) => [
      statistic,
      metric(`${subject}.${suffix}`, unit, `${description}, by ${subject}`),
    ]);
    return Object.fromEntries(metrics) as Readonly<Record<GaugeStatistic, GaugeMetric>>;
  };
  return {
    step: whole(metric('training.step', '{step}', 'Optimizer updates done by the run, those before a resume included')),
    loss: metric('training.loss', '', 'Loss of the last step'),
    learningRate: metric('training.learning_rate', '', 'Learning rate of the last step'),
    epoch: metric('training.epoch', '{epoch}', 'Epochs done, with the fraction of the running one'),
    gradientNorm: metric('training.gradient.norm', '', 'L2 norm of the gradient of all parameters together'),
    updateNorm: metric('training.update.norm', '', 'L2 norm of the last update of all parameters together'),
    weightNorm: metric('training.weight.norm', '', 'L2 norm of all parameters together before the last update'),
    status: whole(metric('training.status', '', '1 for the status that the run has, 0 for the others')),
    steps: whole(metric('training.steps', '{step}', 'Optimizer updates done')),
    examples: whole(metric('training.examples', '{example}', 'Examples seen')),
    tokens: whole(metric('training.tokens', '{token}', 'Tokens seen')),
    stepDuration: metric('training.step.duration', 's', 'Time from the beginning to the end of a step'),
    alerts: whole(metric('training.alerts', '{alert}', 'Alerts that began')),
    trainingNonFinite: whole(metric('training.nonfinite', '{value}', 'Values that were NaN or infinite')),
    trainingMetric: metric('training.metric', '', 'A metric as the loop logged it'),
    evaluationMetric: metric('evaluation.metric', '', 'A metric of the last evaluation'),
    classAccuracy: metric('evaluation.class.accuracy', '', 'The share of the examples of a class that is taken for it'),
    ratioDistribution: metric(
      'parameter.update.ratio.distribution',
      '1',
      'Update ratios of the parameters at every step, all together',
    ),
    parameterNonFinite: whole(
      metric('parameter.nonfinite', '{element}', 'Elements found NaN or infinite, summed over steps'),
    ),
    exportFailures: whole(metric('telemetry.export.failures', '{export}', 'Exports that failed')),
    pointsDropped: whole(metric('telemetry.points.dropped', '{point}', 'Points that were lost on their way')),
    ofParameter: statisticsOf('parameter'),
    ofLayer: statisticsOf('layer') as Readonly<Record<LayerStatistic, GaugeMetric>>,
    attributes: {
      run: `${root}.run.id`,
      parameter: `${root}.parameter.name`,
      layer: `${root}.parameter.layer`,
      status: `${root}.status`,
      phase: `${root}.phase`,
      metric: `${root}.metric.name`,
      class: `${root}.class.name`,
      rule: `${root}.alert.rule`,
      severity: `${root}.alert.severity`,
      reason: `${root}.telemetry.reason`,
      model: `${root}.model.name`,
      rank: `${root}.worker.rank`,
      workers: `${root}.worker.count`,
    },
  };
}
