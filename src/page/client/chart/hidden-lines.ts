import type { View } from '../state/view.js';
import type { Line } from './line.js';

/** Which lines of a chart a person has hidden: a run in all charts, another line in this one. */
export class HiddenLines {
  readonly #labels = new Set<string>();

  constructor(private readonly view: View) {}

  has(line: Line): boolean {
    return this.view.isHidden(line.run.name) || (!line.ofRun && this.#labels.has(line.label));
  }

  toggle(line: Line): void {
    const { view } = this;
    const isHidden = this.has(line);
    if (line.ofRun) view.show(line.run.name, isHidden);
    else {
      this.#set(line, !isHidden);
      // The line of a hidden run is shown with its run.
      if (isHidden && view.isHidden(line.run.name)) view.show(line.run.name, true);
      else view.changed();
    }
  }

  /** This line alone; all again where it is alone. */
  isolate(line: Line, lines: readonly Line[]): void {
    const others = lines.filter((other) => other !== line);
    const hide = others.some((other) => !this.has(other));
    for (const each of lines) if (!each.ofRun) this.#set(each, hide && each !== line);
    const runs = [...this.view.histories.runs.keys()].filter((name) => name !== line.run.name);
    const hidesRuns = lines.some(({ ofRun }) => ofRun);
    if (hidesRuns) this.view.choose({ hidden: hide ? runs : [] });
    else this.view.changed();
  }

  #set({ label }: Line, hidden: boolean): void {
    if (hidden) this.#labels.add(label);
    else this.#labels.delete(label);
  }
}
