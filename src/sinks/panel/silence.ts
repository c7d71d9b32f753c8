import { duration } from '../../events/index.js';
import type { Histories, RunHistory } from '../../page/history/index.js';

/** A run that goes on, of which nothing has come for so long, is said to be silent: its worker may be gone. */
const SILENT_AFTER_MS = 60_000;

/** What is said of a loop by others, which go on without it. */
const NOT_OF_THE_LOOP: ReadonlySet<string> = new Set(['alert', 'control', 'sink-error']);

/** Sees which runs have not said their end, and are not heard of any more: a worker that is terminated says nothing. */
export class Silence {
  readonly #heardAt = new Map<RunHistory, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onSilent`: there is something else to be said. */
  constructor(
    private readonly histories: Histories,
    private readonly onSilent: () => void,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** A record of this type has come of it. */
  heard(run: RunHistory, type: string): void {
    if (NOT_OF_THE_LOOP.has(type)) return;
    this.#heardAt.set(run, performance.now());
    if (this.#timer === undefined) this.#look();
  }

  /** What is to be said of the runs that are silent. */
  get text(): string {
    const silent = [...this.histories.runs.values()].flatMap((run) => {
      const ms = this.#silentMs(run);
      return ms >= SILENT_AFTER_MS ? [`${run.name} (for ${duration(ms / 1000)})`] : [];
    });
    return silent.length > 0 ? `Not heard of any more, without having said its end: ${silent.join(', ')}.` : '';
  }

  /** 0 of one that has ended. */
  #silentMs(run: RunHistory): number {
    if (run.state.value.phase === 'finished') return 0;
    return performance.now() - (this.#heardAt.get(run) ?? performance.now());
  }

  /** As long as some run goes on. */
  #look(): void {
    if (this.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.text !== '') this.onSilent();
      if ([...this.#heardAt.keys()].some(({ state }) => state.value.phase !== 'finished')) this.#look();
    }, SILENT_AFTER_MS);
  }
}
