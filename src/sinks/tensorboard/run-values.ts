import { type RunRecord, runEndOf } from '../../events/index.js';
import type { Statistic } from '../../parameters/index.js';
import type { Moment } from './event-encoder.js';
import { type Experiment, experimentOf, type HparamSettings } from './experiment.js';
import { HPARAMS_TAGS, type Hparams, type SessionStatus } from './hparams.js';
import type { SummaryValue } from './summary.js';
import { type ValuesOf, valuesOf } from './values-of.js';
import { WrittenSteps } from './written-steps.js';

/** What TensorBoard is told of one run, from its first record to its end. */
export class RunValues {
  readonly #valuesOf: ValuesOf;
  readonly #written = new WrittenSteps();
  readonly #metrics = new Set<string>();
  /** How many of the metrics have been put beside those of other runs. */
  #compared = -1;
  #last: Moment | undefined;
  /** The last step that has ended, or from which the training begins. */
  #step: number | undefined;
  #status: SessionStatus = 'unknown';

  constructor(
    private readonly run: string,
    statistics: readonly Statistic[],
    private readonly hparams: HparamSettings,
  ) {
    this.#valuesOf = valuesOf(statistics);
  }

  take(record: RunRecord): readonly SummaryValue[] {
    const values = this.#written.take(this.#valuesOf(record), record.step);
    for (const value of values) {
      if (value.kind === 'scalar' && isCompared(value.tag)) this.#metrics.add(value.tag);
    }
    const start = this.#last ? [] : this.#start(record);
    this.#last = { time: record.time, step: record.step };
    // It may be evaluated after its end, and it may go on.
    if (record.type === 'train-begin') this.#status = 'unknown';
    if (record.type === 'train-end') this.#status = runEndOf(record)?.status === 'failed' ? 'failure' : 'success';
    return [...start, ...values];
  }

  /**
   * The first step that comes anew, where the training begins, goes on from a checkpoint, or goes back to one: what was
   * written of it and later steps holds no more. Asked before the record is taken.
   */
  begins(record: RunRecord): number | undefined {
    const { type, step } = record;
    const endsStep = type === 'step-end';
    const isFirst = this.#step === undefined;
    if (!isFirst && type !== 'train-begin' && !endsStep) return undefined;
    const before = this.#step;
    this.#step = step;
    // It may be told twice of a step, and another call of `fit` goes on after the last one.
    if (before !== undefined && step >= before) return undefined;
    return endsStep || type === 'parameter-updates' ? step : step + 1;
  }

  /** What is left to say at the end, and when that was. */
  end(): { readonly values: readonly SummaryValue[]; readonly last: Moment | undefined } {
    if (!this.#last || !this.#hasHparams) return { values: [], last: undefined };
    const { time } = this.#last;
    return { values: [hparamsValue({ of: 'session-end', status: this.#status, time })], last: this.#last };
  }

  /** What of this run is compared with others; undefined without settings, and where nothing has come to it. */
  newInExperiment(): Experiment | undefined {
    const { size } = this.#metrics;
    if (!this.#hasHparams || !this.#last || size === this.#compared) return undefined;
    this.#compared = size;
    return experimentOf(this.hparams, [...this.#metrics]);
  }

  get #hasHparams(): boolean {
    return Object.keys(this.hparams).length > 0;
  }

  #start({ time }: RunRecord): SummaryValue[] {
    if (!this.#hasHparams) return [];
    return [hparamsValue({ of: 'session-start', hparams: this.hparams, time, group: this.run })];
  }
}

/** Whether TensorBoard's table of runs has a column of it. */
function isCompared(tag: string): boolean {
  return tag === 'train/loss' || tag.startsWith('eval/');
}

function hparamsValue(content: Hparams): SummaryValue {
  return { kind: 'hparams', tag: HPARAMS_TAGS[content.of], content };
}
