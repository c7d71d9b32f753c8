import {
  type Activations,
  type ConfusionMatrix,
  confusionOf,
  type EventOf,
  type GlobalNorms,
  metricTag,
  namedMetrics,
  type ParameterDrift,
  perClassAccuracy,
  type RunRecord,
  type StepEndEvent,
  type Throughput,
} from '../../events/index.js';
import {
  type AnyParameterUpdates,
  columnOf,
  type HistogramSubject,
  type JointStatistic,
  jointColumns,
  jointStatistics,
  type Layer,
  layersOf,
  type MagnitudeHistogram,
  type Statistic,
} from '../../parameters/index.js';
import { snakeCase } from '../snake-case.js';
import type { ScalarsValue, ScalarValue, SummaryValue } from './summary.js';
import { confusionText, textValues } from './text-values.js';

/** What TensorBoard is told of a record. */
export type ValuesOf = (record: RunRecord) => readonly SummaryValue[];

/**
 * What to write of the records of one stream: `statistics` of each parameter, and of each layer and of all parameters
 * together where they can be had.
 *
 * The part of a tag before the first `/` is the section in which TensorBoard shows it.
 */
export function valuesOf(statistics: readonly Statistic[]): ValuesOf {
  const ofUpdates = updatesValues(statistics);
  const ofDrift = driftValues();
  return (record) => {
    switch (record.type) {
      case 'step-end':
        return stepValues(record);
      case 'parameter-updates':
        return ofUpdates(record);
      case 'global-norms':
        return globalValues(record);
      case 'parameter-drift':
        return ofDrift(record);
      case 'throughput':
        return throughputValues(record);
      case 'activations':
        return activationValues(record);
      case 'evaluate':
      case 'predict':
      case 'log':
        return metricValues(record);
      default:
        return textValues(record);
    }
  };
}

function scalar(tag: string, value: number): ScalarValue {
  return { kind: 'scalar', tag, value };
}

/** Nothing for a number that the loop does not know. */
function known(tag: string, value: number): ScalarValue[] {
  return Number.isNaN(value) ? [] : [scalar(tag, value)];
}

/** A loss of NaN is written as such; one that the loop never showed is not. */
function lossValue({ loss, lossShown }: { readonly loss: number; readonly lossShown?: false }): ScalarValue[] {
  return lossShown === false ? [] : [scalar('train/loss', loss)];
}

function stepValues(event: StepEndEvent): ScalarValue[] {
  const { learningRate, durationMs, epoch } = event;
  return [
    ...lossValue(event),
    ...known('train/learning_rate', learningRate),
    ...known('train/step_duration_ms', durationMs),
    ...known('train/epoch', epoch),
  ];
}

function updatesValues(statistics: readonly Statistic[]): (updates: AnyParameterUpdates) => SummaryValue[] {
  let plan = planOf([], statistics);
  return (updates) => {
    if (plan.names !== updates.names) plan = planOf(updates.names, statistics);
    return [
      ...lossValue(updates),
      ...known('train/learning_rate', updates.learningRate),
      ...parameterValues(updates, plan),
      ...layerValues(updates, plan),
      ...jointValues(updates, plan),
      ...histogramValues(updates),
    ];
  };
}

/** The tags of a set of parameters, made once. */
interface Plan {
  readonly names: readonly string[];
  readonly parameterTags: ReadonlyMap<Statistic, readonly string[]>;
  readonly layers: readonly Layer[];
  readonly layerTags: ReadonlyMap<Statistic, readonly string[]>;
  readonly jointTags: ReadonlyMap<Statistic, string>;
}

function planOf(names: readonly string[], statistics: readonly Statistic[]): Plan {
  const found = layersOf(names);
  // Where every parameter is a layer of its own they would say all twice.
  const layers = found.length < names.length ? found : [];
  const tags = <T>(tag: (statistic: string) => T) =>
    new Map(statistics.map((statistic) => [statistic, tag(snakeCase(statistic))]));
  return {
    names,
    parameterTags: tags((statistic) => names.map((name) => `${statistic}/${name}`)),
    layers,
    layerTags: tags((statistic) => layers.map(({ name }) => `layer_${statistic}/${name}`)),
    jointTags: tags((statistic) => `all_parameters/${statistic}`),
  };
}

function parameterValues(updates: AnyParameterUpdates, { parameterTags }: Plan): ScalarsValue[] {
  return [...parameterTags].flatMap(([statistic, tags]) =>
    scalars(snakeCase(statistic), tags, columnOf(updates, statistic)),
  );
}

function scalars(section: string, tags: readonly string[], column: ArrayLike<number> | undefined): ScalarsValue[] {
  return column ? [{ kind: 'scalars', section, tags, column }] : [];
}

function layerValues(updates: AnyParameterUpdates, { layers, layerTags }: Plan): ScalarsValue[] {
  const columns = jointColumns(
    updates,
    layers.map(({ members }) => members),
  );
  return Object.entries(columns).flatMap(([statistic, column]) =>
    scalars(`layer_${snakeCase(statistic)}`, layerTags.get(statistic as JointStatistic) ?? [], column),
  );
}

function jointValues(updates: AnyParameterUpdates, { jointTags }: Plan): ScalarValue[] {
  return Object.entries(jointStatistics(updates)).flatMap(([statistic, value]) => {
    const tag = jointTags.get(statistic as JointStatistic);
    return tag === undefined ? [] : [scalar(tag, value)];
  });
}

function histogramValues({ names, histograms }: AnyParameterUpdates): SummaryValue[] {
  return (Object.keys(histograms) as HistogramSubject[]).flatMap((subject) =>
    histograms[subject]!.flatMap((histogram, i) => histogramValue(`${subject}_magnitude/${names[i]}`, histogram)),
  );
}

/** Without a single finite value there is nothing to draw; nonFinite says it. */
function histogramValue(tag: string, histogram: MagnitudeHistogram | undefined): SummaryValue[] {
  if (!histogram || (histogram.zeros === 0 && histogram.counts.length === 0)) return [];
  return [{ kind: 'histogram', tag, histogram }];
}

function activationValues({ layers }: Activations): SummaryValue[] {
  return layers.flatMap(({ name, histogram }) => histogramValue(`activation_magnitude/${name}`, histogram));
}

function globalValues(norms: GlobalNorms<never>): ScalarValue[] {
  const values = norms as Partial<Record<string, unknown>>;
  return ['updateNorm', 'weightNorm', 'gradientNorm', 'updateRatio'].flatMap((statistic) => {
    const value = values[statistic];
    return typeof value === 'number' ? [scalar(`all_parameters/${snakeCase(statistic)}`, value)] : [];
  });
}

function driftValues(): (drift: ParameterDrift) => ScalarsValue[] {
  let known: readonly string[] = [];
  let tags = new Map<string, readonly string[]>();
  return ({ names, columns }) => {
    if (known !== names) {
      known = names;
      tags = new Map(
        Object.keys(columns).map((distance) => [distance, names.map((name) => `drift_${snakeCase(distance)}/${name}`)]),
      );
    }
    return Object.entries(columns).flatMap(([distance, column]: [string, Float64Array]) =>
      scalars(`drift_${snakeCase(distance)}`, tags.get(distance) ?? [], column),
    );
  };
}

function throughputValues({
  stepsPerSecond,
  examplesPerSecond,
  tokensPerSecond = Number.NaN,
  observingShare,
}: Throughput): ScalarValue[] {
  return [
    scalar('throughput/steps_per_second', stepsPerSecond),
    ...known('throughput/examples_per_second', examplesPerSecond),
    ...known('throughput/tokens_per_second', tokensPerSecond),
    scalar('throughput/observing_share', observingShare),
  ];
}

function metricValues(event: EventOf<'evaluate' | 'predict' | 'log'>): SummaryValue[] {
  const { type, metrics } = event;
  const matrix = confusionOf(event);
  return [
    ...namedMetrics(type, metrics).map((metric) => scalar(metricTag(metric), metric.value)),
    ...(matrix ? confusionValues(matrix) : []),
  ];
}

/** The accuracy of each class as a curve, and the matrix as a table. */
function confusionValues(matrix: ConfusionMatrix): SummaryValue[] {
  return [
    ...perClassAccuracy(matrix).flatMap(({ name, accuracy }) => known(`class_accuracy/${name}`, accuracy)),
    confusionText(matrix),
  ];
}
