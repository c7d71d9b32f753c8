import type { RunHistory } from '../history/run-history.js';
import type { Details, LookedAt } from './details.js';

/** Asked for together at most. */
const MOST = 64;
/** What is looked at is asked for when all of it has been heard of. */
const REST_MS = 120;
/** Of a run that goes on, and after a failure, it is asked anew so often at most. */
const AGAIN_MS = 2000;

/** Where a parameter or a layer is a row of. */
export interface NamedRow {
  readonly history: RunHistory;
  readonly row: number;
}

interface Known {
  names?: readonly string[];
  areNamesAsked: boolean;
  /** Looked at since it was last asked. */
  readonly wanted: Set<string>;
  /** By name, what came of it. */
  readonly histories: Map<string, RunHistory>;
  range: string;
  isAsked: boolean;
  hasFailed: boolean;
  askAgainAt: number;
}

/**
 * Parameters of models that have too many for a page to have a row of each: their names, and what there is of those that
 * are looked at, asked for by name.
 */
export class Named {
  readonly #runs = new WeakMap<RunHistory, Known>();

  constructor(private readonly view: Pick<LookedAt, 'choices' | 'signal' | 'grown'> & { readonly details: Details }) {}

  /** All parameters of a run; until they are known, its rows. */
  namesOf(run: RunHistory): readonly string[] {
    const { parameters, byLayer } = run.rows.value;
    if (!byLayer) return parameters;
    const known = this.#of(run);
    if (!known.areNamesAsked) void this.#askNames(run, known);
    return known.names ?? parameters;
  }

  /** Undefined until it has come, and where nobody has it. */
  find(run: RunHistory, name: string): NamedRow | undefined {
    const row = run.rows.value.parameters.indexOf(name);
    if (row >= 0) return { history: run, row };
    if (!run.rows.value.byLayer) return undefined;
    const known = this.#of(run);
    known.wanted.add(name);
    this.#plan(run, known);
    const history = known.histories.get(name);
    const at = history?.rows.value.parameters.indexOf(name) ?? -1;
    return history && at >= 0 ? { history, row: at } : undefined;
  }

  #of(run: RunHistory): Known {
    let known = this.#runs.get(run);
    if (!known) {
      const nothing = { wanted: new Set<string>(), histories: new Map<string, RunHistory>() };
      known = { ...nothing, areNamesAsked: false, range: '', isAsked: false, hasFailed: false, askAgainAt: -Infinity };
      this.#runs.set(run, known);
    }
    return known;
  }

  async #askNames(run: RunHistory, known: Known): Promise<void> {
    known.areNamesAsked = true;
    try {
      const names = await this.view.details.names(run, this.view.signal);
      if (names && names.parameters.length > 0) known.names = names.parameters;
      this.view.grown();
    } catch {
      setTimeout(() => {
        known.areNamesAsked = false;
      }, AGAIN_MS);
    }
  }

  #plan(run: RunHistory, known: Known): void {
    if (known.isAsked || !this.#isNeeded(run, known)) return;
    known.isAsked = true;
    setTimeout(() => void this.#ask(run, known), REST_MS);
  }

  #isNeeded(run: RunHistory, known: Known): boolean {
    const isFresh = performance.now() < known.askAgainAt;
    const isMissing = [...known.wanted].some((name) => !known.histories.has(name));
    if (known.range !== this.#range || (isMissing && !known.hasFailed)) return true;
    return !isFresh && (isMissing || run.state.value.phase !== 'finished');
  }

  get #range(): string {
    return String(this.view.choices.range);
  }

  async #ask(run: RunHistory, known: Known): Promise<void> {
    const names = [...known.wanted].slice(0, MOST);
    known.wanted.clear();
    known.range = this.#range;
    try {
      const history = await this.view.details.named(run, names, this.view.signal);
      known.hasFailed = !history;
      if (history) for (const name of names) known.histories.set(name, history);
    } catch {
      // What is there stays, and it is asked again.
      known.hasFailed = true;
    } finally {
      known.askAgainAt = performance.now() + AGAIN_MS;
      known.isAsked = false;
      if (!this.view.signal.aborted) this.view.grown();
    }
  }
}
