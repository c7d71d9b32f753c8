import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';
import {
  type AlertEvent,
  confusionOf,
  type EventContext,
  type EventOf,
  namedMetrics,
  perClassAccuracy,
  type StepEndEvent,
} from '../../events/index.js';
import { type AnyParameterUpdates, columnOf } from '../../parameters/index.js';
import { type GaugeMetric, type GaugeOutput, once, rowFrame } from './gauge-frame.js';
import { DURATION_BUCKETS, type Names, RATIO_BUCKETS } from './names.js';
import type { ParameterGauges } from './parameter-gauges.js';

export interface TrainingMetricsOptions {
  readonly names: Names;
  readonly meter: () => Meter;
  readonly output: GaugeOutput;
  readonly gauges: ParameterGauges;
  /** At most this many update ratios are put into the distribution a step. */
  readonly maxParameters: number;
  /** Whether a metric of this name gets series. */
  readonly admits: (name: string) => boolean;
}

/** What each kind of record does to the metrics. */
export class TrainingMetrics {
  readonly #instruments: () => Instruments;
  readonly #newSteps = countSteps();
  readonly #metricRow: ReturnType<typeof rowCache>;
  readonly #classRow: ReturnType<typeof rowCache>;
  readonly #known = new Set<GaugeMetric>();
  #lossOfStep = { step: -1, shown: false };

  constructor(private readonly options: TrainingMetricsOptions) {
    const { names, meter } = options;
    const { phase, metric, class: className } = names.attributes;
    this.#instruments = once(() => createInstruments(meter(), names));
    this.#metricRow = rowCache(phase, metric);
    this.#classRow = rowCache(phase, className);
  }

  /** For every record: how far the run is. */
  progress({ type, step }: EventContext & { readonly type: string }, base: Attributes): void {
    const steps = this.#newSteps(step, type === 'step-end' || type === 'parameter-updates');
    if (steps > 0) this.#instruments().steps.add(steps, base);
  }

  stepEnd(event: StepEndEvent, base: Attributes): void {
    this.#position(event, base);
    const { stepDuration, examples, tokens } = this.#instruments();
    if (isCountable(event.durationMs)) stepDuration.record(event.durationMs / 1000, base);
    if (isCountable(event.examples)) examples.add(event.examples, base);
    if (event.tokens !== undefined && isCountable(event.tokens)) tokens.add(event.tokens, base);
  }

  updates(updates: AnyParameterUpdates, base: Attributes): void {
    this.#position(updates, base);
    const { gauges, output } = this.options;
    for (const frame of gauges.frames(updates, base)) output.write(frame);
    this.#ratios(updates, base);
    this.#nonFiniteParameters(updates, base);
  }

  metrics(event: EventOf<'log' | 'evaluate' | 'predict'>, base: Attributes): void {
    const { names, output, admits } = this.options;
    const { type, time, metrics } = event;
    for (const { phase, name, value } of namedMetrics(type, metrics)) {
      if (!admits(name)) continue;
      if (!Number.isFinite(value)) this.#nonFinite(name, base);
      const metric = phase === 'train' ? names.trainingMetric : names.evaluationMetric;
      output.write(rowFrame(`${phase} ${name}`, time, this.#metricRow(base, phase, name), [[metric, value]]));
    }
    this.#classAccuracies(event, base);
  }

  alert({ rule, severity, phase }: AlertEvent, base: Attributes): void {
    if (phase !== 'begin') return;
    const { attributes } = this.options.names;
    this.#instruments().alerts.add(1, { ...base, [attributes.rule]: rule, [attributes.severity]: severity });
  }

  /** A step's loss may come by two streams: one of them is enough, the one that knows it. */
  #position(record: StepEndEvent | AnyParameterUpdates, base: Attributes): void {
    const { names, output } = this.options;
    const { step, time, loss, learningRate, epoch } = record;
    const isShown = record.lossShown !== false;
    if (step === this.#lossOfStep.step && (this.#lossOfStep.shown || !isShown)) return;
    this.#lossOfStep = { step, shown: isShown };
    // A loss that is not shown at this step leaves the last one where it is; one of NaN is shown.
    if (isShown) output.write(rowFrame('loss', time, base, [this.#show(names.loss, 'loss', loss, base)]));
    output.write(
      rowFrame('position', time, base, [
        [names.step, step],
        ...this.#showKnown(names.learningRate, 'learning_rate', learningRate, base),
        ...this.#showKnown(names.epoch, 'epoch', epoch, base),
      ]),
    );
  }

  #ratios(updates: AnyParameterUpdates, base: Attributes): void {
    const { ratioDistribution } = this.#instruments();
    const ratios = columnOf(updates, 'updateRatio');
    for (const ratio of sampleRatios(ratios, this.options.maxParameters, updates.step)) {
      if (isCountable(ratio)) ratioDistribution.record(ratio, base);
      else this.#nonFinite('update.ratio', base);
    }
  }

  /** One count a row: several parameters may share one. */
  #nonFiniteParameters(updates: AnyParameterUpdates, base: Attributes): void {
    const found = new Map<Attributes, number>();
    columnOf(updates, 'nonFinite')?.forEach((count, index) => {
      if (!(count > 0)) return;
      const row = this.options.gauges.attributesOf(updates, base, index);
      found.set(row, (found.get(row) ?? 0) + count);
    });
    for (const [row, count] of found) this.#instruments().parameterNonFinite.add(count, row);
  }

  #classAccuracies(event: EventOf<'log' | 'evaluate' | 'predict'>, base: Attributes): void {
    const { names, output, admits } = this.options;
    const { type, time } = event;
    const matrix = confusionOf(event);
    for (const { name, accuracy } of matrix ? perClassAccuracy(matrix) : []) {
      // A class that the evaluation had no example of keeps the accuracy that it had.
      if (Number.isNaN(accuracy) || !admits(`class ${name}`)) continue;
      const row = this.#classRow(base, type, name);
      output.write(rowFrame(`${type} class ${name}`, time, row, [[names.classAccuracy, accuracy]]));
    }
  }

  #show(metric: GaugeMetric, name: string, value: number, base: Attributes): [GaugeMetric, number] {
    this.#known.add(metric);
    if (!Number.isFinite(value)) this.#nonFinite(name, base);
    return [metric, value];
  }

  /** NaN means "not known" until there has been a number, and trouble from then on. */
  #showKnown(metric: GaugeMetric, name: string, value: number, base: Attributes): [GaugeMetric, number][] {
    return Number.isNaN(value) && !this.#known.has(metric) ? [] : [this.#show(metric, name, value, base)];
  }

  #nonFinite(metric: string, base: Attributes): void {
    const { attributes } = this.options.names;
    this.#instruments().trainingNonFinite.add(1, { ...base, [attributes.metric]: metric });
  }
}

interface Instruments {
  readonly steps: Counter;
  readonly examples: Counter;
  readonly tokens: Counter;
  readonly alerts: Counter;
  readonly trainingNonFinite: Counter;
  readonly parameterNonFinite: Counter;
  readonly stepDuration: Histogram;
  readonly ratioDistribution: Histogram;
}

/** Made when the first record comes: instruments made before an application sets its provider would never do anything. */
function createInstruments(meter: Meter, names: Names): Instruments {
  const counter = ({ name, ...options }: GaugeMetric) => meter.createCounter(name, options);
  const histogram = ({ name, ...options }: GaugeMetric, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(name, { ...options, advice: { explicitBucketBoundaries } });
  return {
    steps: counter(names.steps),
    examples: counter(names.examples),
    tokens: counter(names.tokens),
    alerts: counter(names.alerts),
    trainingNonFinite: counter(names.trainingNonFinite),
    parameterNonFinite: counter(names.parameterNonFinite),
    stepDuration: histogram(names.stepDuration, DURATION_BUCKETS),
    ratioDistribution: histogram(names.ratioDistribution, RATIO_BUCKETS),
  };
}

/** What a counter or a histogram can take. */
function isCountable(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

/** How many steps have been done since the last call. A run may begin at any step, and go back to a checkpoint. */
function countSteps(): (step: number, endsStep: boolean) => number {
  let last: number | undefined;
  return (step, endsStep) => {
    const before = last ?? (endsStep ? step - 1 : step);
    last = step;
    return Math.max(0, step - before);
  };
}

/** One object a series for good, so that outputs know it again. */
function rowCache(phaseKey: string, nameKey: string): (base: Attributes, phase: string, name: string) => Attributes {
  const rows = new Map<string, Attributes>();
  let ofBase: Attributes | undefined;
  return (base, phase, name) => {
    if (ofBase !== base) rows.clear();
    ofBase = base;
    const key = `${phase} ${name}`;
    const row = rows.get(key) ?? { ...base, [phaseKey]: phase, [nameKey]: name };
    rows.set(key, row);
    return row;
  };
}

/**
 * At most `limit` of the ratios of a step, and always the largest and the smallest, so that no spike is missed: recording
 * one costs half a microsecond. Where there are more, every parameter has its turn within some steps.
 */
export function sampleRatios(ratios: Float64Array | undefined, limit: number, step: number): Iterable<number> {
  if (!ratios || ratios.length <= limit) return ratios ?? [];
  const stride = Math.ceil(ratios.length / limit);
  const sample = ratios.filter((_, i) => i % stride === step % stride);
  let largest = 0;
  let smallest = 0;
  for (let i = 1; i < ratios.length; i++) {
    if (ratios[i]! > ratios[largest]!) largest = i;
    if (ratios[i]! < ratios[smallest]!) smallest = i;
  }
  const extremes = [...new Set([largest, smallest])].filter((i) => i % stride !== step % stride);
  return [...sample, ...extremes.map((i) => ratios[i]!)];
}
