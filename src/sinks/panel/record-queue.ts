import { type AnyParameterUpdates, statisticsOf } from '../../parameters/index.js';

/** A record of a run, as the page shows them. */
export interface Queued {
  readonly type: string;
  readonly run: string;
  readonly step: number;
}

/** Records that were taken are let go of so many at a time. */
const LET_GO = 1_000;
/** Estimates, in bytes. */
const EVENT_BYTES = 500;
const HISTOGRAM_BYTES = 400;

/**
 * Records that wait to be shown, of bounded size. Once it is full, measurements and ends of steps that come on top are
 * left out, and once it is twice as full, everything; what was left out is counted.
 */
export class RecordQueue {
  #records: Queued[] = [];
  #next = 0;
  #bytes = 0;
  /** By run, and by type: how many were left out since that was asked last. */
  #leftOut = new Map<string, Map<string, number>>();

  constructor(private readonly maxBytes: number) {}

  get length(): number {
    return this.#records.length - this.#next;
  }

  push(record: Queued): void {
    const frequent = record.type === 'parameter-updates' || record.type === 'step-end';
    if (this.#bytes >= (frequent ? this.maxBytes : 2 * this.maxBytes)) this.#leaveOut(record);
    else {
      this.#records.push(record);
      this.#bytes += bytesOf(record);
    }
  }

  shift(): Queued | undefined {
    const record = this.#records[this.#next];
    if (!record) return undefined;
    this.#next++;
    this.#bytes -= bytesOf(record);
    if (this.#next === this.#records.length) this.clear();
    else if (this.#next >= LET_GO) this.#letGo();
    return record;
  }

  clear(): void {
    this.#records = [];
    this.#next = 0;
    this.#bytes = 0;
  }

  /** What was left out since the last time, and begin to count anew. */
  takeLeftOut(): { readonly run: string; readonly type: string; readonly count: number }[] {
    const all = [...this.#leftOut].flatMap(([run, types]) => [...types].map(([type, count]) => ({ run, type, count })));
    this.#leftOut.clear();
    return all;
  }

  /** Of those that were taken: one that never is empty must not keep them. */
  #letGo(): void {
    this.#records = this.#records.slice(this.#next);
    this.#next = 0;
  }

  #leaveOut({ run, type }: Queued): void {
    const types = this.#leftOut.get(run) ?? new Map<string, number>();
    types.set(type, (types.get(type) ?? 0) + 1);
    this.#leftOut.set(run, types);
  }
}

export function bytesOf(record: Queued): number {
  if (record.type !== 'parameter-updates') return EVENT_BYTES;
  const updates = record as unknown as AnyParameterUpdates;
  const histograms = Object.keys(updates.histograms).length;
  return EVENT_BYTES + updates.names.length * (8 * statisticsOf(updates).length + HISTOGRAM_BYTES * histograms);
}
