import type { Histories } from './histories.js';
import type { Presence, RunHistory } from './run-history.js';

/** A run that goes on, of which nothing has come for so long, is said to be silent: its process may be gone. */
export const SILENT_AFTER_MS = 60_000;

/** What is said of a loop by others, which go on without it. */
const NOT_OF_THE_LOOP: ReadonlySet<string> = new Set(['alert', 'control', 'sink-error']);

/** A run that has not said its end, and the milliseconds since it was heard of. */
export interface SilentRun {
  readonly run: RunHistory;
  readonly ms: number;
}

/** Sees which runs are heard of, and says it in their histories: a process that is killed says nothing. */
export class Presences {
  readonly #heardAt = new Map<RunHistory, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onSilent`: there is something else to be said. It is watched until the signal is aborted. */
  constructor(
    private readonly histories: Histories,
    private readonly onSilent: () => void,
    private readonly signal = new AbortController().signal,
  ) {
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** A record of this type has come of it. */
  heard(run: RunHistory, type: string): void {
    if (NOT_OF_THE_LOOP.has(type)) return;
    this.#heardAt.set(run, performance.now());
    if (run.presence.value === 'silent') this.#set(run, 'heard');
    if (this.#timer === undefined) this.#watch();
  }

  /** What comes of it is read from its file: until that is over, nobody knows how it is now. */
  reading(run: RunHistory): void {
    this.#set(run, 'reading');
  }

  /** All that its file had has come; it was written to so long ago. */
  read(run: RunHistory, idleMs: number): void {
    this.#heardAt.set(run, performance.now() - idleMs);
    this.#set(run, 'heard');
    this.#look();
  }

  get silent(): readonly SilentRun[] {
    return this.#going.filter(({ ms }) => ms >= SILENT_AFTER_MS);
  }

  /** The runs that have not said their end, as far as is known. */
  get #going(): readonly SilentRun[] {
    const now = performance.now();
    return [...this.#heardAt].flatMap(([run, at]) => {
      const isOver = run.state.value.phase === 'finished' || run.presence.value === 'reading';
      return isOver ? [] : [{ run, ms: now - at }];
    });
  }

  #set(run: RunHistory, presence: Presence): void {
    if (run.presence.value !== presence) run.presence.set(presence, this.histories.nextVersion());
  }

  #look(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { silent } = this;
    for (const { run } of silent) this.#set(run, 'silent');
    if (silent.length > 0) this.onSilent();
    this.#watch();
  }

  /** Look again when the next may be silent, and now and then while some are. */
  #watch(): void {
    const waits = this.#going.map(({ ms }) => (ms < SILENT_AFTER_MS ? SILENT_AFTER_MS - ms : SILENT_AFTER_MS));
    if (waits.length === 0 || this.signal.aborted) return;
    this.#timer = setTimeout(() => this.#look(), Math.min(...waits));
  }
}
