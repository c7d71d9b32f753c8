import type { AnyRecord } from '../../page/history/index.js';
import { bytesOf, type Queued } from './record-queue.js';

/** The records of the runs, as they came, for those who want to take them along. The first that have room are kept. */
export class KeptRecords {
  readonly all: AnyRecord[] = [];
  /** Records that had no room. */
  omitted = 0;
  #bytes = 0;

  constructor(private readonly maxBytes: number) {}

  /** After the first that is left out none is kept: a file ends, but has no gap. */
  push(record: Queued): void {
    this.#bytes += bytesOf(record);
    if (this.#bytes > this.maxBytes) this.omitted++;
    else this.all.push(record);
  }
}
