import {
  type AlertEvent,
  type Metrics,
  type RunEnd,
  type RunRecord,
  runEndOf,
  type StepEndEvent,
  type TrainBeginEvent,
  type TrainEndEvent,
} from '../../events/index.js';
import { type AnyParameterUpdates, columnOf, type Statistic } from '../../parameters/index.js';
import type { Series } from '../../plot/index.js';
import { recordedColumn } from '../series/read-run-series.js';
import { SeriesByName } from '../series/series.js';

export interface RunSummaryOptions {
  /** The one that is asked for. Default: update ratios, else update norms. */
  readonly statistic?: Statistic;
  /** What errors call the file. Default: `the run`. */
  readonly file?: string;
}

/** What a recorded run comes down to. */
export class RunSummary {
  steps = 0;
  epoch = 0;
  beganAt: number | undefined;
  endedAt = 0;
  finished = false;
  /** How it ended, where that is recorded, and at which step. */
  end: (RunEnd & { readonly step: number }) | undefined;
  readonly losses: number[] = [];
  readonly learningRates: number[] = [];
  /** Those that began. */
  readonly alerts: AlertEvent[] = [];
  evaluated: { readonly step: number; readonly metrics: Metrics } | undefined;
  /** Sinks that failed while it ran. */
  readonly sinkErrors: string[] = [];
  readonly #ratios = new SeriesByName();
  readonly #norms = new SeriesByName();
  readonly #asked = new SeriesByName();

  constructor(
    readonly run: string,
    private readonly options: RunSummaryOptions = {},
  ) {}

  /** What is known of each parameter: the statistic that was asked for, or its update ratio, else its update norm. */
  get parameters(): { readonly statistic: Statistic; readonly series: readonly Series[] } {
    const { statistic } = this.options;
    if (statistic !== undefined) return { statistic, series: this.#asked.all };
    const ratios = this.#ratios.all;
    return ratios.length > 0
      ? { statistic: 'updateRatio', series: ratios }
      : { statistic: 'updateNorm', series: this.#norms.all };
  }

  take(record: RunRecord): void {
    this.#follow(record);
    // It may be evaluated after its end, and it may go on.
    if (record.type === 'train-begin' || record.type === 'train-end') this.#takeBounds(record);
    if (record.type === 'parameter-updates') this.#takeUpdates(record);
    else if (record.type === 'step-end') this.#takeStep(record);
    else if (record.type === 'evaluate') this.evaluated = { step: record.step, metrics: record.metrics };
    else if (record.type === 'alert' && record.phase === 'begin') this.alerts.push(record);
    else if (record.type === 'sink-error') this.sinkErrors.push(record.message);
  }

  #takeBounds(record: TrainBeginEvent | TrainEndEvent): void {
    this.finished = record.type === 'train-end';
    const end = record.type === 'train-end' ? runEndOf(record) : undefined;
    this.end = end && { ...end, step: record.step };
  }

  #follow({ step, epoch, time }: RunRecord): void {
    this.steps = Math.max(this.steps, step ?? 0);
    this.epoch = Math.max(this.epoch, epoch ?? 0);
    this.beganAt ??= time;
    this.endedAt = time ?? this.endedAt;
  }

  #takeUpdates(updates: AnyParameterUpdates): void {
    const { statistic, file = 'the run' } = this.options;
    if (statistic !== undefined && updates.names.length > 0) {
      const column = recordedColumn(updates, statistic, file);
      for (const [i, name] of updates.names.entries()) this.#asked.add(name, updates.step, column[i]!);
    }
    for (const [statistic, found] of [
      ['updateRatio', this.#ratios],
      ['updateNorm', this.#norms],
    ] as const) {
      const column = columnOf(updates, statistic);
      if (column) for (const [i, name] of updates.names.entries()) found.add(name, updates.step, column[i]!);
    }
    // A file of updates alone has the loss in them.
    if (!this.#sawSteps) this.#takePosition(updates);
  }

  #sawSteps = false;

  #takeStep(event: StepEndEvent): void {
    if (!this.#sawSteps) {
      this.#sawSteps = true;
      this.losses.length = 0;
      this.learningRates.length = 0;
    }
    this.#takePosition(event);
  }

  /** What the loop shows: a loss of NaN too. Steps of other programs may lack either. */
  #takePosition({ loss, lossShown, learningRate }: StepEndEvent | AnyParameterUpdates): void {
    if (typeof loss === 'number' && lossShown !== false) this.losses.push(loss);
    if (typeof learningRate === 'number' && !Number.isNaN(learningRate)) this.learningRates.push(learningRate);
  }
}
