import { el, setAttribute } from '../parts/dom.js';
import { LiveText } from '../parts/live-text.js';
import type { TURN, Work } from '../parts/slices.js';
import type { Line } from './line.js';
import { onSecondClick } from './second-click.js';
import { swatchOf } from './swatch.js';

export interface LegendEntry {
  readonly line: Line;
  readonly shown: boolean;
}

interface Row {
  readonly button: HTMLElement;
  readonly value: LiveText;
}

/** Characters that a value takes: 1.23e-4. */
const VALUE_ROOM = 7;

/** The names of the lines, each a button that hides it: a double click, or one with shift, leaves it alone. */
export class Legend {
  readonly root = el('ul', { class: 'legend' });
  #rows: Row[] = [];
  #drawn = '';
  #entries: readonly LegendEntry[] = [];

  constructor(
    private readonly onToggle: (line: Line) => void,
    private readonly onIsolate: (line: Line) => void,
  ) {}

  /** Names that are others than before come one after another, each in its turn. */
  *update(entries: readonly LegendEntry[], turn: typeof TURN | undefined): Work {
    this.#entries = entries;
    const drawn = JSON.stringify(entries.map(({ line: { label, color, dash } }) => [label, color, dash]));
    const isOther = drawn !== this.#drawn;
    if (isOther) {
      this.#drawn = drawn;
      this.#rows = entries.map(({ line }, i) => this.#row(line, i));
      this.root.replaceChildren();
    }
    for (const [i, { shown }] of entries.entries()) {
      const { button } = this.#rows[i]!;
      setAttribute(button, 'aria-pressed', String(shown));
      if (!isOther) continue;
      this.root.append(el('li', {}, button));
      yield turn;
    }
  }

  /** Beside each name. */
  showValues(text: (line: Line) => string): void {
    for (const [i, { line, shown }] of this.#entries.entries()) this.#rows[i]!.value.show(shown ? text(line) : '');
  }

  #row(line: Line, i: number): Row {
    const value = new LiveText('value', VALUE_ROOM);
    const title = `${line.label}\nClick: show or hide. Double click or Shift: this one alone.`;
    const label = el('span', { class: 'label' }, el('bdi', {}, line.label));
    const button = el('button', { type: 'button', class: 'legend-entry', title }, swatchOf(line), label, value.root);
    const isolate = () => this.onIsolate(this.#entries[i]!.line);
    button.addEventListener('click', (event) => {
      if (event.shiftKey) isolate();
      else {
        this.onToggle(this.#entries[i]!.line);
        if (event.detail > 0) onSecondClick(event, isolate);
      }
    });
    return { button, value };
  }
}
