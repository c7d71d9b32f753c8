import type { RunRecord, StepEndEvent } from '../events/index.js';
import { measurementOfSums, NO_END, RankAdder, updatesOfStep } from '../parameters/index.js';
import type { ParameterSums } from './decoder/index.js';
import { isOfTheStream } from './of-the-stream.js';

/**
 * Makes the measurements of a stream of sums that another process has recorded: what operators emit, right after the
 * `step-end` of their step, with all statistics that the sums have the parts for.
 */
export class MeasuredUpdates {
  readonly #adder = new RankAdder();
  #waiting: ParameterSums | undefined;
  #maxSteps: number | undefined;

  /** The records that a record of the stream gives. */
  take(record: RunRecord | ParameterSums): readonly RunRecord[] {
    if (isOfTheStream(record)) return [];
    if (record.type === 'parameter-sums') {
      const before = this.rest();
      this.#waiting = record;
      return before;
    }
    if (record.type === 'train-begin') this.#maxSteps = record.maxSteps;
    if (record.type !== 'step-end' || this.#waiting?.step !== record.step) return [record];
    const updates = this.#updatesOf(this.#waiting, record);
    this.#waiting = undefined;
    return [record, updates];
  }

  /** Of a step that has not ended. */
  rest(): readonly RunRecord[] {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting ? [this.#updatesOf(waiting, undefined)] : [];
  }

  #updatesOf({ run, step, epoch, time, parameters, sums }: ParameterSums, end: StepEndEvent | undefined): RunRecord {
    const joined = this.#adder.join([{ rank: 0, parameters, sums }]);
    const at = { epoch, time, ...(end ?? NO_END), run, step, maxSteps: this.#maxSteps };
    return updatesOfStep<never>(at, measurementOfSums(joined));
  }
}
