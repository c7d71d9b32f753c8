import type { RunRecord } from '../events/index.js';
import { measurementOfSums, updatesOfStep } from '../parameters/index.js';
import type { ParameterSums } from './decoder/index.js';
import type { Arrival } from './lowest-first.js';
import { isOfTheStream } from './of-the-stream.js';
import { type OrderedRecord, RankSteps, type StepOfRanks } from './rank-steps.js';
import { StepJoiner } from './step-joiner.js';

/** Makes one recorded run of what its ranks have recorded: the events of the leading rank, and steps of the whole model. */
export class JoinedRanks {
  readonly #steps: RankSteps;
  readonly #joiner: StepJoiner;
  /** Those that have told of their end: what they told stays that of a rank that is there. */
  readonly #ended = new Set<number>();
  #made: RunRecord[] = [];
  #maxSteps: number | undefined;

  constructor(
    private readonly world: number,
    waitMs: number,
  ) {
    this.#joiner = new StepJoiner(world);
    this.#steps = new RankSteps(
      { world, waitMs },
      { step: (step) => this.#makeStep(step), record: (record) => this.#makeRecord(record) },
    );
  }

  /** The records of the run that one of a rank gives. */
  take(arrival: Arrival<RunRecord | ParameterSums>, now: number): readonly RunRecord[] {
    if ('record' in arrival) this.#take(arrival.rank, arrival.record, now);
    else if ('late' in arrival) this.#steps.pump(now);
    else if (!this.#ended.has(arrival.rank)) this.#steps.leave(arrival.rank, now);
    return this.#taken();
  }

  /** What still waits for ranks that have told all. */
  rest(): readonly RunRecord[] {
    for (let rank = this.world - 1; rank >= 0; rank--) this.#steps.leave(rank, Infinity);
    return this.#taken();
  }

  #take(rank: number, record: RunRecord | ParameterSums, now: number): void {
    // Statistics of shards do not add.
    if (isOfTheStream(record) || record.type === 'parameter-updates' || record.type === 'parameter-values') return;
    if (record.type === 'train-begin' || !this.#steps.present.has(rank)) {
      this.#steps.join(rank, record.step, now);
      this.#ended.delete(rank);
    }
    if (record.type === 'train-end') this.#ended.add(rank);
    this.#steps.take(rank, record as OrderedRecord | ParameterSums, now);
  }

  #taken(): readonly RunRecord[] {
    const made = this.#made;
    this.#made = [];
    return made;
  }

  #makeRecord(record: OrderedRecord): void {
    if (record.type === 'train-begin') this.#maxSteps = record.maxSteps;
    this.#made.push(record.type === 'train-begin' ? { ...record, world: this.world } : record);
  }

  #makeStep(told: StepOfRanks): void {
    const { joined, ranks, end } = this.#joiner.join(told);
    const { run, step, epoch, time } = end;
    if (ranks) this.#made.push({ type: 'ranks', run, step, epoch, time, ...ranks });
    this.#made.push(end);
    if (joined.names.length === 0) return;
    this.#made.push(updatesOfStep<never>({ ...end, maxSteps: this.#maxSteps }, measurementOfSums(joined)));
  }
}
