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

  constructor(private readonly maxBytes: number) {}

  get records(): readonly AnyRecord[] {
    return this.all.map(({ record }) => record);
  }

  /** After the first that is left out none is kept: a file ends, but has no gap. */
  push(record: Queued, run: string): void {
    this.#bytes += bytesOf(record);
    if (this.#bytes > this.maxBytes) this.omitted++;
    else this.all.push({ record, run });
  }
}
