import {
  type Activations,
  confusionOf,
  type EventContext,
  type EventOf,
  metricTag,
  modelOf,
  namedMetrics,
  type ParameterValues,
  runEndOf,
  SpeedWindow,
  type StepEndEvent,
  type TrainingEvent,
} from '../../events/index.js';
import { type AnyParameterUpdates, columnOf, type HistogramSubject, NO_HISTOGRAM } from '../../parameters/index.js';
import { latestByRow } from './latest-updates.js';
import { type LayerColumns, layerColumns } from './layer-columns.js';
import { markOf, resumedMark } from './mark-of.js';
import { type Return, Returns } from './returns.js';
import { RowIndex } from './row-index.js';
import type { Rows, RunHistory, RunState } from './run-history.js';
import { shownConfusion } from './shown-confusion.js';
import type { ShownRecord } from './shown-record.js';
import { shownSettings } from './shown-settings.js';
import { shownValues } from './shown-values.js';
import { isWithin, type StepRange } from './step-buckets.js';

/** Rows shown one by one at most; a model with more parameters is shown by its layers. */
export const ROWS_SHOWN = 512;

/** Layers of a model's summary shown at most. */
const LAYERS_SHOWN = 1_000;

/** Throughput is that of so many steps. */
const SPEED_STEPS = 20;

/** Metrics of one run with a chart of their own at most. */
export const METRICS_KEPT = 50;

const NOTHING_TAKEN = { step: -1, loss: false, learningRate: false };
/** Parts of what observing takes, at most: the rest is told together. */
const PARTS_SHOWN = 20;

/** Takes all that a history takes, and keeps more of it. */
export interface KeepsMore {
  take(series: string, step: number, value: number): void;
  takeUpdates(updates: AnyParameterUpdates, layers: LayerColumns): void;
  /** Forget what is after a step: it is taken anew. */
  cutAfter(step: number): void;
}

export interface RunRecorderOptions {
  readonly more?: KeepsMore | undefined;
  /** Rows of a history of the same run: each keeps its place. */
  readonly rows?: Rows | undefined;
  /** Steps that are recorded. That the run went back is seen of all. Default: all. */
  readonly range?: StepRange | undefined;
}

const ALL_STEPS: StepRange = { from: -Infinity, to: Infinity };

/** Puts the records of one run into its history. */
export class RunRecorder {
  readonly #speed = new SpeedWindow(SPEED_STEPS);
  readonly #parameterRows = new RowIndex(ROWS_SHOWN);
  readonly #layerRows = new RowIndex(ROWS_SHOWN);
  readonly #activationRows = new RowIndex(ROWS_SHOWN);
  readonly #returns = new Returns();
  #taken = NOTHING_TAKEN;
  readonly #more: KeepsMore | undefined;
  readonly #range: StepRange;

  constructor(
    readonly history: RunHistory,
    { more, rows, range = ALL_STEPS }: RunRecorderOptions = {},
  ) {
    this.#more = more;
    this.#range = range;
    if (!rows) return;
    this.#parameterRows.add(rows.parameters, rows.sizes);
    this.#layerRows.add(rows.layers, []);
    history.rows.set(rows, 1);
  }

  /** Whether a training that begins is the one whose records it has, told once more. */
  hasBegunBy(record: ShownRecord): boolean {
    return this.#returns.isAgain(record, this.history.state.value);
  }

  take(record: ShownRecord, version: number): void {
    if (this.hasBegunBy(record)) return;
    const back = this.#returns.of(record, this.history.state.value);
    if (back) this.#goOn(back, version);
    if (!isWithin(record.step, this.#range)) return;
    if (back?.again) this.#takeUpdates(back.again, version);
    if (record.type === 'parameter-updates') this.#takeUpdates(record, version);
    else if (record.type === 'activations') this.#takeActivations(record, version);
    else if (record.type === 'parameter-values') this.#takeValues(record, version);
    else if (record.type === 'resumed') this.#moveTo(record, version);
    else this.#takeEvent(record, version);
  }

  /** Count something that was left out. */
  omit(what: string, version: number, count = 1): void {
    const { value } = this.history.omitted;
    this.history.omitted.set({ ...value, [what]: (value[what] ?? 0) + count }, version);
  }

  /** What came of later steps is superseded: it goes, and a mark says so. */
  #goOn({ step, time, epoch, marked }: Return, version: number): void {
    const { history } = this;
    const before = history.state.value.step;
    const gone = history.goOn({ step, time }, version);
    this.#more?.cutAfter(step);
    if (gone.steps > 0) this.omit('steps drawn together with superseded ones', version, gone.steps);
    if (step < before) {
      this.#setState({ step, epoch: history.clock.epochAt(step) }, version);
      this.#taken = NOTHING_TAKEN;
      this.#speed.restart();
    }
    if (!marked) return;
    const at = { step, epoch: Number.isFinite(epoch) ? epoch : history.clock.epochAt(step), time };
    history.marks.take(resumedMark(at, before, gone.marks), version);
  }

  #takeEvent(event: TrainingEvent, version: number): void {
    this.#moveTo(event, version);
    switch (event.type) {
      case 'train-begin':
        this.#speed.restart();
        this.#setState({ phase: 'running', end: undefined, ...plan(event) }, version);
        this.#takeSettings(event, version);
        this.#takeModel(event, version);
        break;
      case 'step-end': {
        this.#takePosition(event, version);
        const { stepsPerSecond, examplesPerSecond, observingShare, observingBy } = this.#speed.take(event);
        this.#measure(event, { stepsPerSecond, observingShare }, version);
        if (observingBy) this.history.observing.set(largestOf(observingBy), version);
        if (!Number.isNaN(examplesPerSecond)) this.#measure(event, { examplesPerSecond }, version);
        break;
      }
      case 'save':
        this.history.keep(event.step);
        break;
      case 'train-end':
        this.#setState({ phase: 'finished', end: runEndOf(event) }, version);
        break;
      case 'log':
      case 'evaluate':
      case 'predict':
        this.#takeMetrics(event, version);
        this.#takeConfusion(event, version);
        break;
    }
    const mark = markOf(event);
    if (mark && !this.history.marks.has(mark)) this.history.marks.take(mark, version);
  }

  #takeUpdates(updates: AnyParameterUpdates, version: number): void {
    this.#moveTo(updates, version);
    if (updates.maxSteps !== undefined) this.#setState({ maxSteps: updates.maxSteps }, version);
    this.#takePosition(updates, version);
    const layers = layerColumns(updates);
    this.#measure(updates, layers.whole, version);
    this.#takeMedianRatio(updates, version);
    const byLayer = updates.names.length > ROWS_SHOWN;
    const shown = byLayer ? layers : { names: updates.names, sizes: updates.sizes, columns: updates.columns };
    const grew = [this.#parameterRows.add(shown.names, shown.sizes), this.#layerRows.add(layers.names, layers.sizes)];
    if (grew.includes(true)) this.#setRows(updates, byLayer, version);
    const { history } = this;
    this.#more?.takeUpdates(updates, layers);
    const rows = this.#parameterRows.rowsOf(shown.names);
    history.parameters.take(updates.step, rows, shown.columns, version);
    history.layers.take(updates.step, this.#layerRows.rowsOf(layers.names), layers.columns, version);
    history.latest.set(latestByRow(updates.step, shown.columns, rows, this.#parameterRows.names.length), version);
    if (!byLayer && Object.keys(updates.histograms).length > 0) this.#takeHistograms(updates, version);
  }

  #takeHistograms(updates: AnyParameterUpdates, version: number): void {
    const rows = this.#parameterRows.rowsOf(updates.names);
    const histograms = Object.fromEntries(
      Object.entries(updates.histograms).map(([subject, list]) => {
        const byRow = Array.from({ length: this.#parameterRows.names.length }, () => NO_HISTOGRAM);
        for (const [i, row] of rows.entries()) if (row !== undefined) byRow[row] = list[i] ?? NO_HISTOGRAM;
        return [subject as HistogramSubject, byRow];
      }),
    );
    this.history.histograms.take({ step: updates.step, histograms }, version);
  }

  #takeValues(values: ParameterValues, version: number): void {
    this.#moveTo(values, version);
    for (let i = ROWS_SHOWN; i < values.names.length; i++) this.omit('values of parameters', version);
    this.history.values.set(shownValues(values, ROWS_SHOWN), version);
  }

  #takeActivations(activations: Activations, version: number): void {
    this.#moveTo(activations, version);
    const counted = activations.layers.filter(({ histogram }) => histogram);
    if (counted.length === 0) return;
    if (
      this.#activationRows.add(
        counted.map(({ name }) => name),
        counted.map(() => 0),
      )
    ) {
      this.history.activationLayers.set(this.#activationRows.names, version);
    }
    const byName = new Map(counted.map(({ name, histogram }) => [name, histogram!]));
    const activation = this.#activationRows.names.map((name) => byName.get(name) ?? NO_HISTOGRAM);
    this.history.activations.take({ step: activations.step, histograms: { activation } }, version);
  }

  #takeMedianRatio(updates: AnyParameterUpdates, version: number): void {
    const ratios = columnOf(updates, 'updateRatio');
    if (ratios && ratios.length > 0) this.#measure(updates, { medianRatio: median(ratios) }, version);
  }

  /** The step and its updates both say the loss and the rate: they are taken once, of whichever knows them. */
  #takePosition(at: StepEndEvent | AnyParameterUpdates, version: number): void {
    const { step, loss, learningRate } = at;
    if (step !== this.#taken.step) this.#taken = { ...NOTHING_TAKEN, step };
    if (!this.#taken.loss && at.lossShown !== false) {
      this.#taken.loss = true;
      this.#measure(at, { loss }, version);
    }
    if (!this.#taken.learningRate && !Number.isNaN(learningRate)) {
      this.#taken.learningRate = true;
      this.#measure(at, { learningRate }, version);
    }
  }

  /** By the names that they have in other sinks, too. */
  #takeMetrics({ type, step, metrics }: EventOf<'log' | 'evaluate' | 'predict'>, version: number): void {
    for (const metric of namedMetrics(type, metrics)) {
      const series = `metric:${metricTag(metric)}`;
      if (this.#hasRoomFor(series)) this.#takeValue(series, step, metric.value, version);
      else this.omit('metrics', version);
    }
  }

  #hasRoomFor(metric: string): boolean {
    const { series } = this.history;
    return series.has(metric) || [...series.keys()].filter((key) => key.startsWith('metric:')).length < METRICS_KEPT;
  }

  #takeSettings(event: EventOf<'train-begin'>, version: number): void {
    const shown = shownSettings(event);
    if (!shown) return;
    this.history.settings.set(shown.settings, version);
    if (shown.hidden > 0) this.omit('hyperparameters', version, shown.hidden);
  }

  #takeModel(event: EventOf<'train-begin'>, version: number): void {
    const model = modelOf(event);
    if (!model) return;
    for (let i = LAYERS_SHOWN; i < model.layers.length; i++) this.omit('layers of the model', version);
    this.history.model.set({ layers: model.layers.slice(0, LAYERS_SHOWN) }, version);
  }

  #takeConfusion(event: EventOf<'log' | 'evaluate' | 'predict'>, version: number): void {
    const matrix = confusionOf(event);
    if (matrix) this.history.confusion.set(shownConfusion(event, matrix), version);
  }

  #measure({ step }: { readonly step: number }, values: Readonly<Record<string, number>>, version: number): void {
    for (const [name, value] of Object.entries(values)) this.#takeValue(name, step, value, version);
  }

  #takeValue(series: string, step: number, value: number, version: number): void {
    this.history.seriesOf(series).take(step, value, version);
    this.#more?.take(series, step, value);
  }

  #moveTo(at: Pick<EventContext, 'step' | 'epoch' | 'time'>, version: number): void {
    const { step, epoch, time } = at;
    this.history.clock.take(at, version);
    const { phase, beganAt, ...known } = this.history.state.value;
    // What was measured of a step may come when the run is at a later one.
    const latest = step < known.step ? { step: known.step, epoch: known.epoch } : { step, epoch };
    this.#setState(
      { ...latest, time, beganAt: beganAt || time, phase: phase === 'waiting' && step > 0 ? 'running' : phase },
      version,
    );
  }

  #setState(changed: Partial<RunState>, version: number): void {
    this.history.state.set({ ...this.history.state.value, ...changed }, version);
  }

  #setRows(updates: AnyParameterUpdates, byLayer: boolean, version: number): void {
    this.history.rows.set(
      {
        parameters: this.#parameterRows.names,
        sizes: this.#parameterRows.sizes,
        layers: this.#layerRows.names,
        parameterCount: byLayer ? updates.names.length : this.#parameterRows.names.length + this.#parameterRows.hidden,
        elementCount: updates.sizes.reduce((sum, size) => sum + size, 0),
        byLayer,
        hidden: this.#parameterRows.hidden,
      },
      version,
    );
  }
}

function plan({ maxSteps, numEpochs }: { readonly maxSteps?: number; readonly numEpochs?: number }) {
  return { ...(maxSteps !== undefined && { maxSteps }), ...(numEpochs !== undefined && { numEpochs }) };
}

/** The largest are the first. */
function largestOf(shares: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const parts = Object.entries(shares);
  if (parts.length <= PARTS_SHOWN) return shares;
  const rest = parts.slice(PARTS_SHOWN - 1).reduce((sum, [, share]) => sum + share, 0);
  return Object.fromEntries([...parts.slice(0, PARTS_SHOWN - 1), ['others', rest]]);
}

/** Sorted in it: a column of its own for each step would be left to be collected. */
let sorted = new Float64Array(0);

/** NaN counts as the greatest. */
function median(values: Float64Array): number {
  const { length } = values;
  if (sorted.length < length) sorted = new Float64Array(length);
  sorted.set(values);
  return sorted.subarray(0, length).sort()[Math.floor((length - 1) / 2)]!;
}
