import type { RunRecord } from '../events/index.js';

/**
 * Gives the runs of several files names that differ: a name that another file has used is followed by its file's.
 */
export class DistinctRuns {
  readonly #fileOf = new Map<string, string>();

  /** The record of a file, with the name its run goes by. */
  rename(record: RunRecord, file: string): RunRecord {
    const run = record.run ?? 'run';
    const owner = this.#fileOf.get(run);
    if (owner === undefined) this.#fileOf.set(run, file);
    return owner === undefined || owner === file ? record : { ...record, run: `${run} (${file})` };
  }
}
