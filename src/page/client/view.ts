import type { Histories } from '../history/histories.js';
import type { RunHistory } from '../history/run-history.js';

export type Connection = 'connecting' | 'open' | 'lost' | 'report';

/** What is looked at: which runs, which steps, which parameters. */
export class View {
  readonly hidden = new Set<string>();
  /** The zoomed range of steps. */
  range: readonly [number, number] | undefined;
  connection: Connection = 'connecting';
  #focus: string | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(public histories: Histories) {}

  /** The runs that are shown. */
  get runs(): readonly RunHistory[] {
    return [...this.histories.runs.values()].filter(({ name }) => !this.hidden.has(name));
  }

  /** A run's place among all: its colour. */
  placeOf(run: RunHistory): number {
    return [...this.histories.runs.keys()].indexOf(run.name);
  }

  /** The run whose parameters are shown: the chosen one, else the one that was last heard of. */
  get focus(): RunHistory | undefined {
    const chosen = this.#focus === undefined ? undefined : this.histories.runs.get(this.#focus);
    if (chosen && !this.hidden.has(chosen.name)) return chosen;
    return [...this.runs].sort((a, b) => b.state.value.time - a.state.value.time)[0];
  }

  focusOn(name: string): void {
    this.#focus = name;
    this.changed();
  }

  /** The steps that every chart shows. */
  get domain(): readonly [number, number] {
    if (this.range) return this.range;
    const last = Math.max(1, ...this.runs.map((run) => run.state.value.step));
    return [0, last];
  }

  zoom(range: readonly [number, number] | undefined): void {
    this.range = range;
    this.changed();
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
