import type { GaugeMetric } from '../../src/sinks/otel/gauge-frame.js';
import { namesUnder } from '../../src/sinks/otel/names.js';

const names = namesUnder('ml');

/** What the dashboard's variables choose. A selector that a label need not have matches series without it. */
const CHOSEN = 'ml_run_id=~"$run",ml_worker_rank=~"$rank"';
const CHOSEN_PARAMETERS = `${CHOSEN},ml_parameter_name=~"$parameter"`;

/** As Prometheus writes it. */
const metricName = ({ name }: GaugeMetric) => name.replaceAll('.', '_');
const gauge = (metric: GaugeMetric, chosen = CHOSEN) => `${metricName(metric)}{${chosen}}`;
const counter = (metric: GaugeMetric) => `${metricName(metric)}_total{${CHOSEN}}`;
/** Scraped, a histogram has its own name; by way of a Collector, its unit may have become part of it. */
const buckets = (metric: GaugeMetric) =>
  metric.unit === 's'
    ? `{__name__=~"${metricName(metric)}(_seconds)?_bucket",${CHOSEN}}`
    : `${metricName(metric)}_bucket{${CHOSEN}}`;

/** The last value of each series within the time that is shown: of a run that has ended, too. */
const last = (selector: string) => `last_over_time(${selector}[$__range])`;

/**
 * The values of now where a run is alive, else its last ones: a parameter that is no longer among the movers of a live
 * run must not stay in a list of the fastest.
 */
const current = (selector: string) => `(${selector} or (${last(selector)} unless on (ml_run_id) ${selector}))`;

const rate = (selector: string) => `rate(${selector}[$__rate_interval])`;

/** What went up within one step of an annotation, from nothing too: such a counter begins when its first alert does. */
const risen = (selector: string, step: string) => `(${selector} - (${selector} offset ${step} or ${selector} * 0)) > 0`;

export const ALERT_STEP = '15s';

const { ofLayer, ofParameter } = names;

/** Every question that the dashboard asks. */
export const QUERIES = {
  runs: `label_values(${metricName(names.steps)}_total, ml_run_id)`,
  ranks: `label_values(${metricName(names.steps)}_total{ml_run_id=~"$run"}, ml_worker_rank)`,
  parameters: `label_values(${metricName(ofParameter.updateRatio)}{ml_run_id=~"$run"}, ml_parameter_name)`,

  alertsRisen: risen(counter(names.alerts), ALERT_STEP),

  lastStep: last(counter(names.steps)),
  lastEpoch: last(gauge(names.epoch)),
  lastLoss: last(gauge(names.loss)),
  lastRate: last(gauge(names.learningRate)),
  lastRatio: `${last(gauge(names.updateNorm))} / ${last(gauge(names.weightNorm))}`,
  alerts: `sum by (ml_run_id, ml_worker_rank) (${last(counter(names.alerts))})`,

  loss: gauge(names.loss),
  learningRate: gauge(names.learningRate),
  evaluation: gauge(names.evaluationMetric),

  /** Over several runs or ranks, the geometric mean. A layer that did not move at all is at the lower end. */
  layerRatioDecades: `avg by (ml_parameter_layer) (log10(clamp_min(${gauge(ofLayer.updateRatio)}, 1e-9)))`,
  ratioDistribution: `sum by (le) (increase(${buckets(names.ratioDistribution)}[$__rate_interval]))`,
  layerRatio: gauge(ofLayer.updateRatio),
  gradientNorm: gauge(names.gradientNorm),
  updateNorm: gauge(names.updateNorm),
  weightNorm: gauge(names.weightNorm),
  fastest: `topk(10, ${current(gauge(ofParameter.updateRatio))})`,
  slowest: `bottomk(10, ${current(gauge(ofParameter.updateRatio))})`,

  parameterRatio: gauge(ofParameter.updateRatio, CHOSEN_PARAMETERS),
  parameterUpdateNorm: gauge(ofParameter.updateNorm, CHOSEN_PARAMETERS),
  parameterNorm: gauge(ofParameter.weightNorm, CHOSEN_PARAMETERS),

  stepRate: rate(counter(names.steps)),
  exampleRate: rate(counter(names.examples)),
  stepDuration: (quantile: number) =>
    `histogram_quantile(${quantile}, sum by (le, ml_run_id, ml_worker_rank) (${rate(buckets(names.stepDuration))}))`,
  alertsByRule: `sum by (ml_run_id, ml_worker_rank, ml_alert_rule, ml_alert_severity) (${counter(names.alerts)})`,
  pointsDropped: `sum by (ml_run_id, ml_worker_rank, ml_telemetry_reason) (${counter(names.pointsDropped)})`,
} as const;
