import type { Changes, LeftOut, Told } from './changes.js';
import { type HistoryLimits, RUN_LIMITS } from './history-limits.js';
import { inPieces } from './pieces.js';
import { type RunChanges, RunHistory } from './run-history.js';
import { Versioned } from './versioned.js';

/** Runs shown together at most. */
export const RUNS_KEPT = 32;

/** The histories of the runs that are looked at together, and one count of versions for all of them. */
export class Histories {
  /** In the order in which they began, by their own clocks, and then by name: the same whichever file is read first. */
  readonly runs = new Map<string, RunHistory>();
  readonly leftOut = new Versioned<LeftOut>({ runs: 0, records: 0 });
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

  /** The history of a run, begun where there is none: by what is heard of it first. */
  of(name: string, beganAt = 0): RunHistory {
    const known = this.runs.get(name);
    if (known) return known;
    const run = new RunHistory(name, this.limits);
    run.state.set({ ...run.state.value, beganAt }, 0);
    const inOrder = [...this.runs.values(), run].sort(byBegin);
    this.runs.clear();
    for (const each of inOrder) this.runs.set(each.name, each);
    return run;
  }

  /**
   * What one that followed up to `version` (0: from nothing) has to `apply`. With `tables`, what there is of the parameters
   * of each of these runs only, since a version of its own.
   */
  changesSince(version: number, tables?: ReadonlyMap<string, number>): Changes {
    const runs = [...this.runs.values()].flatMap(
      (run) => run.changesSince(version, tablesFrom(run, version, tables)) ?? [],
    );
    return { ...this.#toldSince(version, tables), runs };
  }

  /** The same in pieces, which are packed as they are asked for: a page draws the first while the others are. */
  piecesSince(version: number, tables?: ReadonlyMap<string, number>): Generator<Changes> {
    return inPieces(this.#toldSince(version, tables), {
      series: this.#ofEach((run) => run.seriesSince(version)),
      tables: this.#ofEach((run) => run.tablesSince(tablesFrom(run, version, tables))),
    });
  }

  *#ofEach(changesOf: (run: RunHistory) => Generator<RunChanges>): Generator<RunChanges> {
    for (const run of this.runs.values()) yield* changesOf(run);
  }

  #toldSince(version: number, tables?: ReadonlyMap<string, number>): Told {
    const leftOut = this.leftOut.since(version);
    const told = { ...(leftOut && { leftOut }), ...(tables && { tables: [...tables.keys()] }) };
    return { v: 1, from: version, to: this.#version, ...told };
  }

  apply(changes: Changes): void {
    for (const run of changes.runs) this.of(run.name, run.state?.beganAt).apply(run);
    if (changes.leftOut) this.leftOut.set(changes.leftOut, 0);
    this.#version = changes.to;
  }
}

function byBegin(a: RunHistory, b: RunHistory): number {
  return a.state.value.beganAt - b.state.value.beganAt || (a.name < b.name ? -1 : 1);
}

function tablesFrom({ name }: RunHistory, version: number, tables?: ReadonlyMap<string, number>): number {
  return tables ? (tables.get(name) ?? NEVER) : version;
}

/** No change has a later version. */
const NEVER = Infinity;
