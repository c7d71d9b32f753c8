import type { AnyRecord } from '../../page/history/index.js';
import { bytesOf, type Queued } from './record-queue.js';

/** A record, and the name of the history that it is in. */
export interface KeptRecord {
  readonly record: AnyRecord;
  readonly run: string;
}

/** The records of the runs, as they came, for those who want to take them along. The first that have room are kept. */
export class KeptRecords {
  readonly all: KeptRecord[] = [];
  /** Records that had no room. */
  omitted = 0;
  #bytes = 0;
  /** The last step that is kept of each run. */
  readonly #lastSteps = new Map<string, number>();

  constructor(private readonly maxBytes: number) {}

  get records(): readonly AnyRecord[] {
    return this.all.map(({ record }) => record);
  }

  /** Whether all that came of a run up to a step was kept. */
  reaches(run: string, step: number): boolean {
    return this.omitted === 0 || step <= (this.#lastSteps.get(run) ?? -1);
  }

  /** After the first that is left out none is kept: a file ends, but has no gap. */
  push(record: Queued, run: string): void {
    this.#bytes += bytesOf(record);
    if (this.#bytes > this.maxBytes) {
      this.omitted++;
      return;
    }
    this.all.push({ record, run });
    this.#lastSteps.set(run, record.step);
  }
}
