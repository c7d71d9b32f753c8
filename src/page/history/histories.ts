import { type HistoryLimits, RUN_LIMITS } from './history-limits.js';
import { type RunChanges, RunHistory } from './run-history.js';

/** What changed between two versions of a set of histories. */
export interface Changes {
  /** The version of this form. */
  readonly v: 1;
  readonly from: number;
  readonly to: number;
  readonly runs: readonly RunChanges[];
  /** Runs whose parameters are told of; without, those of all. */
  readonly tables?: readonly string[];
  /** More pieces of the same changes follow, the next of them of this. */
  readonly more?: 'series' | 'tables';
}

/** Runs shown together at most. */
export const RUNS_KEPT = 32;

/** The histories of the runs that are looked at together, and one count of versions for all of them. */
export class Histories {
  readonly runs = new Map<string, RunHistory>();
  #version = 0;

  constructor(private readonly limits: HistoryLimits = RUN_LIMITS) {}

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  /** The version of the change that is about to be made. */
  nextVersion(): number {
    return ++this.#version;
  }

  /** The history of a run, begun where there is none. */
  of(name: string): RunHistory {
    let run = this.runs.get(name);
    if (!run) {
      run = new RunHistory(name, this.limits);
      this.runs.set(name, run);
    }
    return run;
  }

  /**
   * What one that followed up to `version` (0: from nothing) has to `apply`. With `tables`, what there is of the parameters
   * of each of these runs only, since a version of its own.
   */
  changesSince(version: number, tables?: ReadonlyMap<string, number>): Changes {
    const runs = [...this.runs.values()].flatMap(
      (run) => run.changesSince(version, tables ? (tables.get(run.name) ?? NEVER) : version) ?? [],
    );
    return { v: 1, from: version, to: this.#version, runs, ...(tables && { tables: [...tables.keys()] }) };
  }

  apply(changes: Changes): void {
    for (const run of changes.runs) this.of(run.name).apply(run);
    this.#version = changes.to;
  }
}

/** No change has a later version. */
const NEVER = Infinity;
