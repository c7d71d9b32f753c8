import type { OptimizerStepEvent, PreOptimizerStepEvent, RunRecord, StepEndEvent } from '../events/index.js';
import {
  type Comparison,
  type MaybePromise,
  type Measure,
  NO_END,
  type ParameterUpdates,
  type Snapshot,
  type Statistic,
  updatesOfStep,
} from '../parameters/index.js';
import type { Schedule } from './schedule.js';
import { whileSameNames } from './while-same-names.js';

/** How many measured steps may wait for their `step-end`. A GPU runs a few ahead. */
const MAX_WAITING = 64;

/** What most events end. */
const NONE: readonly never[] = [];

/** Measurements in step order, those that are still on their way from the device as promises. */
type Ended<S extends Statistic> = readonly MaybePromise<ParameterUpdates<S>>[];

/** A measured step. `comparison` may still be on its way from the device. */
interface MeasuredStep<S extends Statistic> {
  readonly step: number;
  readonly names: readonly string[];
  readonly sizes: readonly number[];
  readonly comparison: MaybePromise<Comparison<S>>;
  readonly maxSteps: number | undefined;
  /** What was last heard of the step: its `optimizer-step`, then its `step-end`. */
  heard: OptimizerStepEvent | StepEndEvent;
  ended: boolean;
}

/**
 * Follows the events of a run and compares parameters before and after each chosen update. It owns at most one
 * snapshot, from `pre-optimizer-step` to the next event that ends that moment.
 */
export class UpdateRecorder<S extends Statistic> {
  readonly #measure: Measure<S>;
  readonly #when: Schedule;
  /** The same array while the names are equal, for whoever caches by it downstream. */
  readonly #canonical = whileSameNames((names) => names);
  readonly #waiting: MeasuredStep<S>[] = [];
  #before: Snapshot | undefined;
  #previousEpoch = -1;
  #maxSteps: number | undefined;

  constructor(measure: Measure<S>, when: Schedule) {
    this.#measure = measure;
    this.#when = when;
  }

  /** Take the run's next record. Gives the measurements of the steps that are done with it. */
  take(event: RunRecord): Ended<S> {
    switch (event.type) {
      case 'train-begin':
        this.#maxSteps = event.maxSteps;
        return NONE;
      case 'step-begin':
        return this.#endThoseAfter(event.step);
      case 'pre-optimizer-step':
        return this.#holdBefore(event);
      case 'optimizer-step':
        return this.#compare(event);
      case 'step-end':
        return this.#end(event);
      default:
        return NONE;
    }
  }

  /** The run has ended: whatever still waits will not hear of its end. */
  takeRest(): Ended<S> {
    this.dispose();
    return this.#waiting.splice(0).map(measurementOf);
  }

  /** Let go of the snapshot, if there is one. */
  dispose(): void {
    this.#before?.dispose();
    this.#before = undefined;
  }

  #holdBefore(event: PreOptimizerStepEvent): Ended<S> {
    const given = this.#endThoseAfter(event.step);
    const { step, epoch, parameters } = event;
    const isDue = this.#when(step + 1, { epoch, previousEpoch: this.#previousEpoch });
    // Of no parameters there is nothing to say, and a sink would fix its columns by them.
    if (isDue && parameters.names.length > 0) this.#before = parameters.snapshot();
    return given;
  }

  #compare(event: OptimizerStepEvent): Ended<S> {
    this.#previousEpoch = event.epoch;
    if (!this.#before) return NONE;
    const { parameters } = event;
    const { names, sizes } = parameters;
    let comparison: MaybePromise<Comparison<S>>;
    try {
      comparison = parameters.compare(this.#before, this.#measure);
    } finally {
      this.dispose();
    }
    // A stream that was unsubscribed meanwhile has no one left to hear of a failure: that must not end the process.
    if (comparison instanceof Promise) comparison.catch(() => {});
    this.#waiting.push({
      step: event.step + 1,
      names: this.#canonical(names),
      sizes,
      comparison,
      maxSteps: this.#maxSteps,
      heard: event,
      ended: false,
    });
    if (this.#waiting.length > MAX_WAITING) this.#waiting[0]!.ended = true;
    return this.#takeEnded();
  }

  #end(event: StepEndEvent): Ended<S> {
    const measured = this.#waiting.find(({ step, ended }) => step === event.step && !ended);
    if (!measured) return NONE;
    measured.heard = event;
    measured.ended = true;
    return this.#takeEnded();
  }

  /** A step begins when `done` are done: one with a later number that waits has failed and is being done again. */
  #endThoseAfter(done: number): Ended<S> {
    this.dispose();
    for (const measured of this.#waiting) measured.ended ||= measured.step > done;
    return this.#takeEnded();
  }

  #takeEnded(): Ended<S> {
    if (this.#waiting.length === 0) return NONE;
    const open = this.#waiting.findIndex(({ ended }) => !ended);
    return this.#waiting.splice(0, open < 0 ? this.#waiting.length : open).map(measurementOf);
  }
}

/** What was measured in a step, once its comparison is there. */
function measurementOf<S extends Statistic>(measured: MeasuredStep<S>): MaybePromise<ParameterUpdates<S>> {
  const { comparison } = measured;
  return comparison instanceof Promise
    ? comparison.then((found) => updatesOf(measured, found))
    : updatesOf(measured, comparison);
}

function updatesOf<S extends Statistic>(
  { step, names, sizes, maxSteps, heard }: MeasuredStep<S>,
  { columns, histograms }: Comparison<S>,
): ParameterUpdates<S> {
  const { run, epoch, time } = heard;
  const { coverage, ...end } = heard.type === 'step-end' ? heard : { ...NO_END, coverage: undefined };
  return updatesOfStep({ ...end, run, step, epoch, time, maxSteps }, { names, sizes, columns, histograms, coverage });
}
