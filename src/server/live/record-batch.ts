import type { AnyRecord } from '../../page/index.js';

/** Milliseconds between two posts of a fast loop: half of what the page's thread lets go by between two of its own. */
const POST_EVERY_MS = 100;

/** KiB that wait at most. */
const MOST_WAITING = 256;

/** Records of every step. Others are seldom, and somebody may wait for them. */
const OF_A_STEP: ReadonlySet<string> = new Set(['step-end', 'parameter-updates']);

export interface RecordBatchOptions {
  readonly post: (records: readonly AnyRecord[], cost: number) => void;
  /** Milliseconds since any moment, never set back. */
  readonly clock: () => number;
  /** Have something done when the loop yields, at the latest after so long. */
  readonly later: (work: () => void, delayMs: number) => void;
}

/**
 * Records on their way to another thread. Each post wakes that thread, which costs more than what is in it: the records
 * of a step go together, and those of a fast loop ten times a second. What it holds back goes when the loop yields; in a
 * loop that never does, with the next step.
 */
export class RecordBatch {
  readonly #options: RecordBatchOptions;
  #records: AnyRecord[] = [];
  #cost = 0;
  #postedAt = -Infinity;
  #isPromised = false;
  /** The record before, and the type that was the last of its step. */
  #before: { readonly type: string; readonly step: unknown } | undefined;
  #lastOfStep: string | undefined;

  constructor(options: RecordBatchOptions) {
    this.#options = options;
  }

  take(record: AnyRecord, cost: number): void {
    this.#records.push(record);
    this.#cost += cost;
    if (this.#isDue(record)) this.flush();
    else this.#promise();
  }

  /** Post what waits. */
  flush(): void {
    if (this.#records.length === 0) return;
    const [records, cost] = [this.#records, this.#cost];
    this.#records = [];
    this.#cost = 0;
    this.#postedAt = this.#options.clock();
    this.#options.post(records, cost);
  }

  #isDue(record: AnyRecord): boolean {
    if (!OF_A_STEP.has(record.type)) return true;
    const last = this.#learnLastOfStep(record);
    // Of the first step it is not known what its last record is.
    if (last === undefined || this.#cost > MOST_WAITING) return true;
    return last === record.type && this.#options.clock() - this.#postedAt >= POST_EVERY_MS;
  }

  /** The type that the step before has ended with. */
  #learnLastOfStep(record: AnyRecord): string | undefined {
    const { type, step } = record as AnyRecord & { readonly step?: unknown };
    if (this.#before && this.#before.step !== step) this.#lastOfStep = this.#before.type;
    this.#before = { type, step };
    return this.#lastOfStep;
  }

  #promise(): void {
    if (this.#isPromised) return;
    this.#isPromised = true;
    this.#options.later(() => {
      this.#isPromised = false;
      this.flush();
    }, POST_EVERY_MS);
  }
}
