import type { Attributes, MeterProvider } from '@opentelemetry/api';
import type { Observable } from 'rxjs';
import {
  type AlertEvent,
  checkOneOf,
  checkOptions,
  checkPositiveInteger,
  type OptionNames,
  type RunRecord,
  type Sink,
} from '../../events/index.js';
import { createSink, type SinkWork } from '../create-sink.js';
import { requireRunRecord } from '../require-record.js';
import { wholeRecords } from '../whole-records.js';
import { type Alerts, alerts } from './alerts.js';
import { type GaugeOutput, once } from './gauge-frame.js';
import type { GaugeProducer } from './gauge-producer.js';
import { globalMeterProvider } from './global-meters.js';
import { admitMetrics, sayOverflow, saySizeOnce } from './limits.js';
import { GAUGE_STATISTICS, type GaugeStatistic, type Names, namesUnder } from './names.js';
import { observedGauges } from './observed-gauges.js';
import { type GaugeDetail, parameterGauges } from './parameter-gauges.js';
import { runStatus } from './run-status.js';
import { cleanTags, type RunTags } from './tags.js';
import { TrainingMetrics } from './training-metrics.js';
import { METER_NAME, METER_VERSION } from './views.js';

/** Options of {@link otelSink}: where the metrics go, how many there are, and what they are called. */
export interface OtelSinkOptions {
  /** Where the instruments come from. Default: the global provider, as it is when the first record comes. */
  readonly meterProvider?: MeterProvider;
  /** Gauges go to this producer instead of observable instruments: see {@link gaugeProducer}. */
  readonly producer?: GaugeProducer;
  /**
   * How much to tell of the parameters. Default: `auto`, which is `parameters` up to `maxParameters` of them, and
   * `movers` (with the layers) above, said by an alert of severity `info`.
   */
  readonly detail?: GaugeDetail | 'auto';
  /** Parameters (and layers) that get series of their own by default. Default: 1,000. */
  readonly maxParameters?: number;
  /**
   * Names of metrics, as the loop logs or evaluates them, that get series of their own; what comes under other names is
   * left out, and one alert says so. Default: 500.
   */
  readonly maxMetrics?: number;
  /** With `movers`, how many of the fastest to follow, and how many of the slowest. Default: 20. */
  readonly movers?: number;
  /** A gauge by parameter for each of these, where the updates have them. Default: updateNorm, weightNorm, updateRatio. */
  readonly statistics?: readonly GaugeStatistic[];
  /**
   * The series that the provider lets an instrument have, as given to {@link metricViews}; what is beyond is left out,
   * and one alert says so. With a `producer` there is no limit. Default: 2,000, as in the SDK.
   */
  readonly seriesLimit?: number;
  /** Labels on every point, under names cleaned by {@link cleanTags}. */
  readonly tags?: RunTags;
  /** What every name begins with. Default: `ml`. */
  readonly root?: string;
}

const OTEL_SINK_OPTIONS: OptionNames<OtelSinkOptions> = {
  meterProvider: true,
  producer: true,
  detail: true,
  maxParameters: true,
  maxMetrics: true,
  movers: true,
  statistics: true,
  seriesLimit: true,
  tags: true,
  root: true,
};

/** Takes events and updates into metrics. */
export interface OtelSink extends Sink<RunRecord> {
  /** Troubles of the telemetry itself, for `training.report`. Ends with the run. */
  readonly alerts$: Observable<AlertEvent>;
}

/**
 * A sink that turns a run into OpenTelemetry metrics: loss, learning rate, step time, alerts, evaluation, and norms and
 * update ratios by parameter and by layer.
 *
 * Needs no package of OpenTelemetry by itself; the application brings the SDK, or {@link startMetrics} does. Values by
 * parameter are read when somebody collects, so a step pays for a few counters and for the histogram of ratios alone.
 * Give one sink one run: its `parameterUpdates` and its events, merged.
 *
 * @throws TypeError for an option that cannot be.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { merge } from 'rxjs';
 * import { parameterUpdates } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 * import { otelSink } from 'trainscope/otel';
 *
 * const training = instrument(tf.train.sgd(0.1), { run: 'first' });
 * const updates$ = training.events$.pipe(parameterUpdates());
 * training.attach(merge(training.events$, updates$), otelSink({ tags: { team: 'vision' } }));
 * ```
 */
export function otelSink(options: OtelSinkOptions = {}): OtelSink {
  checkOptions('otelSink', options, OTEL_SINK_OPTIONS);
  return createOtelSink(options, { name: 'otelSink', alerts: alerts(), flush: async () => {} });
}

/** What the set-up helper adds to a sink. */
export interface OtelSinkParts {
  readonly name: string;
  readonly alerts: Alerts;
  readonly flush: () => Promise<void>;
  /** Where gauges go, in place of the options' producer. */
  readonly output?: GaugeOutput;
}

export function createOtelSink(options: OtelSinkOptions, parts: OtelSinkParts): OtelSink {
  const { maxParameters, maxMetrics, movers, seriesLimit, statistics, names, tags } = checkSinkOptions(options);
  const meter = once(() => (options.meterProvider ?? globalMeterProvider()).getMeter(METER_NAME, METER_VERSION));
  const output: GaugeOutput =
    parts.output ??
    options.producer?.output ??
    observedGauges(meter, { limit: Math.max(1, seriesLimit - 1), onOverflow: sayOverflow(parts.alerts, seriesLimit) });
  const gauges = parameterGauges({ names, statistics, detail: options.detail ?? 'auto', maxParameters, movers });
  const admits = admitMetrics(parts.alerts, maxMetrics);
  const training = new TrainingMetrics({ names, meter, output, gauges, maxParameters, admits });
  const sayStatus = runStatus(names, output);
  const saySize = saySizeOnce(parts.alerts, gauges, options, { maxParameters, movers });
  const baseOf = baseAttributes(names, tags);

  const take = (record: RunRecord) => {
    const base = baseOf(record.run);
    parts.alerts.at(record);
    sayStatus(record, base);
    training.progress(record, base);
    if (record.type === 'parameter-updates') {
      training.updates(record, base);
      saySize(record);
    } else if (record.type === 'step-end') training.stepEnd(record, base);
    else if (record.type === 'log' || record.type === 'evaluate' || record.type === 'predict') {
      training.metrics(record, base);
    } else if (record.type === 'alert') training.alert(record, base);
  };
  const work: SinkWork<RunRecord> = {
    take,
    flush: parts.flush,
    end() {
      output.end();
      // The run's events are over, so what goes wrong from here on is said on standard error.
      parts.alerts.close();
      return parts.flush();
    },
  };
  const sink = createSink(
    parts.name,
    wholeRecords(work, (record) => requireRunRecord(record, `${parts.name}()`)),
  );
  return { ...sink, alerts$: parts.alerts.alerts$ };
}

/** The options with their defaults. @throws TypeError for one that cannot be. */
export function checkSinkOptions(options: OtelSinkOptions) {
  const { maxParameters = 1_000, maxMetrics = 500, movers = 20, seriesLimit = 2_000, root = 'ml' } = options;
  checkPositiveInteger('maxParameters', maxParameters);
  checkPositiveInteger('maxMetrics', maxMetrics);
  checkPositiveInteger('movers', movers);
  checkPositiveInteger('seriesLimit', seriesLimit);
  checkOneOf('detail', options.detail ?? 'auto', ['auto', 'parameters', 'movers', 'layers', 'totals']);
  const statistics = options.statistics ?? (['updateNorm', 'weightNorm', 'updateRatio'] as const);
  for (const statistic of statistics) checkOneOf('statistics', statistic, GAUGE_STATISTICS);
  return {
    maxParameters,
    maxMetrics,
    movers,
    seriesLimit,
    statistics,
    names: namesUnder(root),
    tags: cleanTags(options.tags ?? {}, root),
  };
}

/** One object a run for good, so that outputs know its series again. */
function baseAttributes({ attributes }: Names, tags: Attributes): (run: string) => Attributes {
  let current: { readonly run: string; readonly base: Attributes } | undefined;
  return (run) => {
    if (current?.run !== run) current = { run, base: { [attributes.run]: run, ...tags } };
    return current.base;
  };
}
