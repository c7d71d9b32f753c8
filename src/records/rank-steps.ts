import type { Activations, ParameterValues, StepEndEvent, TrainingEvent } from '../events/index.js';
import { type AnyParameterUpdates, createParameterUpdates, dataOf, sameNames } from '../parameters/index.js';
import type { ParameterSums } from './decoder/index.js';

/** A record of what the training did, or of what was measured of it. */
export type RecordOfStep = OrderedRecord | ParameterSums | AnyParameterUpdates;

/** What keeps its place among the records of the leading rank. */
export type OrderedRecord = TrainingEvent | ParameterValues | Activations;

/** What one rank told of a step. */
export interface RankStep {
  readonly rank: number;
  readonly sums: ParameterSums | undefined;
  /** What it measured itself, where it is alone. */
  readonly updates: AnyParameterUpdates | undefined;
  readonly end: StepEndEvent;
}

/** What the ranks told of a step, by rank. */
export interface StepOfRanks {
  readonly step: number;
  readonly told: readonly RankStep[];
  /** The ranks that had not told of it in time. */
  readonly missing: readonly number[];
}

/** What becomes of what the ranks tell. */
export interface RankStepsOutput {
  step(step: StepOfRanks): void;
  /** An event of the leading rank, or what it looked at. */
  record(record: OrderedRecord): void;
}

export interface RankStepsOptions {
  readonly world: number;
  /** Milliseconds for which a step waits for the ranks that have not told of it. */
  readonly waitMs: number;
}

/** How many steps may wait for ranks that have not told of them: what comes on top makes the oldest go on without. */
const MOST_WAITING = 64;

interface WaitingStep {
  readonly firstAt: number;
  readonly told: Map<number, RankStep>;
}

/**
 * Puts what the ranks of a run tell, each in its own time, into one order: by step. The events are those of the leading
 * rank, which is the lowest that is there; each of its steps waits until all ranks have told of it, but not for ever.
 */
export class RankSteps {
  readonly #options: RankStepsOptions;
  readonly #output: RankStepsOutput;
  /** What the leading rank has told and is not given out yet: a number is a step. */
  readonly #order: (OrderedRecord | number)[] = [];
  readonly #waiting = new Map<number, WaitingStep>();
  readonly #sums = new Map<number, ParameterSums>();
  readonly #updates = new Map<number, AnyParameterUpdates>();
  readonly #present = new Set<number>();
  /** Ranks that a step has gone on without: nothing waits for them until they are heard of again. */
  readonly #late = new Set<number>();
  #given = 0;
  #opensAt: number | undefined;

  constructor(options: RankStepsOptions, output: RankStepsOutput) {
    this.#options = options;
    this.#output = output;
  }

  /** The ranks that are there. */
  get present(): ReadonlySet<number> {
    return this.#present;
  }

  /** The highest step that any rank has told of. */
  get newest(): number {
    return Math.max(this.#given, ...this.#waiting.keys());
  }

  /** A rank begins, or begins anew, after `step` updates. */
  join(rank: number, step: number, now: number): void {
    this.#opensAt ??= now + this.#options.waitMs;
    // What a higher rank has told so far is not the run's, if nothing of it is given out.
    if (rank < this.#leader && !this.#isOpen(now)) this.#order.length = 0;
    this.#present.add(rank);
    this.#late.delete(rank);
    this.#sums.delete(rank);
    this.#updates.delete(rank);
    if (rank === this.#leader && step < this.#given) this.#goBack(step);
  }

  /** A rank is gone: nothing waits for it. */
  leave(rank: number, now: number): void {
    this.#present.delete(rank);
    this.#late.add(rank);
    this.pump(now);
  }

  /** @throws TypeError for two measurements of one step that are not of the same parameters. */
  take(rank: number, record: RecordOfStep, now: number): void {
    if (record.type === 'parameter-sums') this.#sums.set(rank, record);
    else if (record.type === 'parameter-updates') this.#updates.set(rank, joinUpdates(this.#updates.get(rank), record));
    else if (record.type === 'step-end') this.#end(rank, record, now);
    else if (rank === this.#leader) this.#order.push(record);
    this.pump(now);
  }

  /** Give out what is due. Gives how many milliseconds later something will be, if anything waits. */
  pump(now: number): number | undefined {
    if (!this.#isOpen(now)) return this.#opensAt! - now;
    for (;;) {
      this.#orderOverdue(now);
      const next = this.#order[0];
      if (next === undefined) break;
      if (typeof next === 'number' && !this.#isDue(next, now)) break;
      this.#order.shift();
      if (typeof next === 'number') this.#give(next);
      else this.#output.record(next);
    }
    if (this.#waiting.size === 0) return undefined;
    const firstAt = Math.min(...[...this.#waiting.values()].map((waiting) => waiting.firstAt));
    return Math.max(0, firstAt + this.#options.waitMs - now);
  }

  /** The events are those of rank 0, which may come a little later than others. */
  #isOpen(now: number): boolean {
    return this.#present.has(0) || this.#given > 0 || now >= this.#opensAt!;
  }

  get #leader(): number {
    return Math.min(...this.#present);
  }

  #end(rank: number, end: StepEndEvent, now: number): void {
    const { step } = end;
    const sums = this.#sums.get(rank);
    const updates = this.#updates.get(rank);
    this.#sums.delete(rank);
    this.#updates.delete(rank);
    // The others have gone on without it.
    if (step <= this.#given) return;
    this.#late.delete(rank);
    let waiting = this.#waiting.get(step);
    if (!waiting) {
      waiting = { firstAt: now, told: new Map() };
      this.#waiting.set(step, waiting);
    }
    waiting.told.set(rank, {
      rank,
      end,
      sums: sums?.step === step ? sums : undefined,
      updates: updates?.step === step ? updates : undefined,
    });
    if (rank === this.#leader) this.#order.push(step);
  }

  /** A step of which the leading rank says nothing goes on by what the others told. */
  #orderOverdue(now: number): void {
    for (const step of [...this.#waiting.keys()].sort((a, b) => a - b)) {
      if (!this.#isOverdue(step, now)) return;
      if (!this.#order.includes(step)) this.#order.push(step);
    }
  }

  #isDue(step: number, now: number): boolean {
    const told = this.#waiting.get(step)?.told;
    if (!told) return true;
    for (let rank = 0; rank < this.#options.world; rank++) {
      if (!told.has(rank) && !this.#late.has(rank)) return this.#isOverdue(step, now);
    }
    return true;
  }

  #isOverdue(step: number, now: number): boolean {
    return now >= this.#waiting.get(step)!.firstAt + this.#options.waitMs || this.#waiting.size > MOST_WAITING;
  }

  #give(step: number): void {
    const told = this.#waiting.get(step)?.told;
    this.#waiting.delete(step);
    if (!told || step <= this.#given) return;
    this.#given = step;
    const missing: number[] = [];
    for (let rank = 0; rank < this.#options.world; rank++) if (!told.has(rank)) missing.push(rank);
    for (const rank of missing) this.#late.add(rank);
    for (const earlier of this.#waiting.keys()) if (earlier < step) this.#waiting.delete(earlier);
    this.#output.step({ step, told: [...told.values()].sort((a, b) => a.rank - b.rank), missing });
  }

  /** The run goes on from an earlier step: what comes of the steps after it is new. */
  #goBack(step: number): void {
    this.#given = step;
    for (const later of this.#waiting.keys()) if (later > step) this.#waiting.delete(later);
    const kept = this.#order.filter((each) => typeof each !== 'number' || each <= step);
    this.#order.splice(0, this.#order.length, ...kept);
  }
}

/** A step may be measured more than once: some statistics by one, others by another. */
function joinUpdates(first: AnyParameterUpdates | undefined, more: AnyParameterUpdates): AnyParameterUpdates {
  if (first?.step !== more.step) return more;
  if (!sameNames(first.names, more.names)) {
    throw new TypeError(
      `parameter-updates: expected the same parameters in all that is measured of step ${more.step}, got others; send what is measured of all parameters only`,
    );
  }
  const columns = { ...first.columns, ...more.columns };
  return createParameterUpdates<never>({
    ...dataOf(more),
    columns,
    histograms: { ...first.histograms, ...more.histograms },
  });
}
