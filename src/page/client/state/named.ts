import { MOST_NAMES } from '../../history/detail-request.js';
import type { RunHistory } from '../../history/run-history.js';
import { indexIn } from '../parts/index-in.js';
import type { Details, LookedAt } from './details.js';

/** What is looked at is asked for when all of it has been heard of. */
const REST_MS = 120;
/** Of a run that goes on, and after a failure, it is asked anew so often at most. */
const AGAIN_MS = 2000;

/** Where a parameter or a layer is a row of. */
export interface NamedRow {
  readonly history: RunHistory;
  readonly row: number;
}

/** Why there are no numbers of a name: they are on their way, could not be had and are asked for again, or nobody has them. */
export type Absence = 'coming' | 'failed' | 'nowhere';

/** All parameters of a run. */
interface AskedNames {
  readonly state: 'coming' | 'failed' | 'here';
  readonly names?: readonly string[];
}

/** One of them. */
interface Asked {
  readonly state: 'coming' | 'failed' | 'here';
  /** What came of it last. */
  readonly history?: RunHistory | undefined;
  /** The steps that it was asked of: those that are zoomed into, as far as the run had come. */
  readonly range: string;
  readonly lastStep: number;
  /** When that came, or failed. */
  readonly at: number;
}

/**
 * Parameters of which the page has no row, as the model has too many or another run is in focus: their names, and what
 * there is of those that are looked at, asked for by name.
 */
export class Named {
  readonly #names = new WeakMap<RunHistory, AskedNames>();
  readonly #asked = new WeakMap<RunHistory, Map<string, Asked>>();
  /** Looked at since they were asked for last. */
  readonly #wanted = new Map<RunHistory, Set<string>>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #askAt = Infinity;

  constructor(
    private readonly view: Pick<LookedAt, 'choices' | 'focus' | 'signal' | 'grown'> & { readonly details: Details },
  ) {
    view.signal.addEventListener('abort', () => {
      for (const timer of this.#timers) clearTimeout(timer);
    });
  }

  /** All parameters of a run; until they are known, its rows. */
  namesOf(run: RunHistory): readonly string[] {
    const { parameters } = run.rows.value;
    if (!this.#hasMore(run)) return parameters;
    if (!this.#names.has(run)) void this.#askNames(run);
    return this.#names.get(run)?.names ?? parameters;
  }

  /** Undefined until it has come, and where nobody has it. */
  find(run: RunHistory, name: string): NamedRow | undefined {
    const row = indexIn(run.rows.value.parameters, name);
    if (row >= 0) return { history: run, row };
    if (!this.#hasMore(run)) return undefined;
    this.#want(run, name);
    const history = this.#askedOf(run).get(name)?.history;
    const at = history ? indexIn(history.rows.value.parameters, name) : -1;
    return history && at >= 0 ? { history, row: at } : undefined;
  }

  /** Why nothing is found, of a name, or as long as that is not known of any. */
  absenceOf(run: RunHistory, name: string): Absence | undefined {
    if (this.find(run, name)) return undefined;
    if (!this.#hasMore(run)) return 'nowhere';
    const { state = 'coming' } = this.#askedOf(run).get(name) ?? {};
    return state === 'here' ? 'nowhere' : state;
  }

  /** Why the names of all parameters are not known. */
  namesAbsence(run: RunHistory): Absence | undefined {
    if (!run.rows.value.byLayer) return undefined;
    if (!this.#hasMore(run)) return 'nowhere';
    const { state = 'coming', names } = this.#names.get(run) ?? {};
    return state === 'here' ? (names ? undefined : 'nowhere') : state;
  }

  /** Whether there may be parameters of which the page has no row: of a large model, or of a run that is not in focus. */
  #hasMore(run: RunHistory): boolean {
    const { byLayer, parameters } = run.rows.value;
    const isElsewhere = parameters.length === 0 && run !== this.view.focus;
    return (byLayer || isElsewhere) && this.view.details.source !== undefined;
  }

  #askedOf(run: RunHistory): Map<string, Asked> {
    let asked = this.#asked.get(run);
    if (!asked) {
      asked = new Map();
      this.#asked.set(run, asked);
    }
    return asked;
  }

  async #askNames(run: RunHistory): Promise<void> {
    const { details, signal } = this.view;
    this.#names.set(run, { state: 'coming' });
    try {
      const { parameters = [] } = (await details.names(run, signal)) ?? {};
      this.#names.set(run, { state: 'here', ...(parameters.length > 0 && { names: parameters }) });
    } catch {
      this.#names.set(run, { state: 'failed' });
      this.#later(AGAIN_MS, () => {
        this.#names.delete(run);
        this.view.grown();
      });
    }
    if (!signal.aborted) this.view.grown();
  }

  #want(run: RunHistory, name: string): void {
    const wait = this.#waitMs(run, name);
    if (wait === Infinity) return;
    const names = this.#wanted.get(run) ?? new Set();
    this.#wanted.set(run, names.add(name));
    const at = performance.now() + Math.max(REST_MS, wait);
    if (at >= this.#askAt) return;
    this.#askAt = at;
    this.#later(at - performance.now(), () => {
      // Else what had to be asked for sooner has taken its place.
      if (this.#askAt === at) this.#askWanted();
    });
  }

  /** Until it may be asked for: 0 for what is not there; Infinity while it is on its way, and of what has all there is. */
  #waitMs(run: RunHistory, name: string): number {
    const asked = this.#askedOf(run).get(name);
    if (!asked) return 0;
    if (asked.state === 'coming') return Infinity;
    const again = asked.at + AGAIN_MS - performance.now();
    if (asked.state === 'failed') return again;
    const { range, lastStep } = this.#stepsOf(run);
    if (asked.range !== range) return 0;
    return asked.lastStep === lastStep ? Infinity : again;
  }

  #stepsOf(run: RunHistory): Pick<Asked, 'range' | 'lastStep'> {
    const { range } = this.view.choices;
    return { range: String(range), lastStep: Math.min(run.state.value.step, range?.[1] ?? Infinity) };
  }

  #askWanted(): void {
    this.#askAt = Infinity;
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (const [run, names] of wanted) {
      const due: string[] = [];
      // Looked at once: time passes, and what is due by a second look would be asked for by neither.
      for (const name of names) {
        if (this.#waitMs(run, name) <= 0) due.push(name);
        else this.#want(run, name);
      }
      for (let i = 0; i < due.length; i += MOST_NAMES) void this.#ask(run, due.slice(i, i + MOST_NAMES));
    }
  }

  async #ask(run: RunHistory, names: readonly string[]): Promise<void> {
    const { details, signal } = this.view;
    const asked = this.#askedOf(run);
    const steps = this.#stepsOf(run);
    const settle = (state: Asked['state'], history?: RunHistory) => {
      // What is there stays until there is something else.
      for (const name of names) {
        asked.set(name, { state, history: history ?? asked.get(name)?.history, ...steps, at: performance.now() });
      }
    };
    settle('coming');
    try {
      settle('here', await details.named(run, names, signal));
    } catch {
      settle('failed');
    }
    if (!signal.aborted) this.view.grown();
  }

  #later(ms: number, then: () => void): void {
    if (this.view.signal.aborted) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }
}
