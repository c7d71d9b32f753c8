import type { RunHistory } from '../../history/run-history.js';
import { el, setAttribute, setText } from '../parts/dom.js';
import type { Part } from '../parts/lazy-part.js';
import { panel } from '../parts/panel.js';
import type { View } from '../state/view.js';

/** What a table says of a run. */
export interface TableContent {
  /** Above the table. */
  readonly note: string;
  readonly head: readonly string[];
  readonly rows: readonly HTMLElement[];
}

export interface TablePanelOptions<T> {
  readonly title: string;
  readonly hint: string;
  /** What the rows are, for a screen reader. */
  readonly label: string;
  readonly className: string;
  /** What is shown of the run in focus; nothing where it has none. The same again is not drawn again. */
  readonly shown: (run: RunHistory) => T | undefined;
  readonly content: (shown: T) => TableContent;
}

/** A table of what the run in focus said last. */
export class TablePanel<T> implements Part {
  readonly root: HTMLElement;
  readonly #note = el('p', { class: 'readout' });
  readonly #table: HTMLElement;
  #shown: T | undefined;

  constructor(
    private readonly view: View,
    private readonly options: TablePanelOptions<T>,
  ) {
    const { title, hint, label, className } = options;
    const { root, body } = panel(title, { hint, wide: true });
    this.root = root;
    this.#table = el('table', { class: className });
    body.append(
      this.#note,
      el('div', { class: 'table-scroll tall', tabindex: 0, role: 'region', 'aria-label': label }, this.#table),
    );
  }

  update(): undefined {
    const { focus } = this.view;
    const shown = focus && this.options.shown(focus);
    setAttribute(this.root, 'hidden', !shown);
    if (!shown || shown === this.#shown) return;
    this.#shown = shown;
    const { note, head, rows } = this.options.content(shown);
    setText(this.#note, note);
    this.#table.replaceChildren(tableHead(head), el('tbody', {}, ...rows));
  }
}

export function tableHead(titles: readonly string[]): HTMLElement {
  return el('thead', {}, el('tr', {}, ...titles.map((title) => el('th', { scope: 'col' }, title))));
}

/** A row that begins with a name. Texts become cells. */
export function tableRow(name: string, cells: readonly (string | HTMLElement)[]): HTMLElement {
  const header = el('th', { scope: 'row' }, el('bdi', {}, name));
  return el('tr', {}, header, ...cells.map((cell) => (typeof cell === 'string' ? el('td', {}, cell) : cell)));
}
