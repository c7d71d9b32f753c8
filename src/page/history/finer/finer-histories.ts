import { FinerHistory } from './finer-history.js';

/** Bytes of the tables of all runs together, about. */
const TABLE_BYTES = 128 * 1024 * 1024;

/** The finer histories of runs that are looked at together: they share what room there is. */
export class FinerHistories {
  readonly #runs = new Map<string, FinerHistory>();

  constructor(private readonly tableBytes = TABLE_BYTES) {}

  /** That of a run, begun where there is none. */
  of(name: string): FinerHistory {
    let run = this.#runs.get(name);
    if (!run) {
      run = new FinerHistory(() => this.#share());
      this.#runs.set(name, run);
    }
    return run;
  }

  get(name: string): FinerHistory | undefined {
    return this.#runs.get(name);
  }

  #share(): void {
    const withTables = [...this.#runs.values()].filter(({ bucketBytes }) => bucketBytes > 0);
    for (const run of withTables) run.limitTablesTo(this.tableBytes / withTables.length);
  }
}
