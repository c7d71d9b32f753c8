import { el } from './dom.js';
import { tableHead } from './table-panel.js';

export interface TableData {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const MOST_ROWS = 200;

/** The numbers behind a chart, made when they are asked for: its alternative for those who cannot see it. */
export class DataTable {
  readonly root: HTMLDetailsElement;
  readonly #body = el('div', { class: 'table-scroll', tabindex: 0, role: 'region' });

  constructor(
    title: string,
    private readonly read: () => TableData,
  ) {
    this.#body.setAttribute('aria-label', `Data of ${title}`);
    this.root = el(
      'details',
      { class: 'data' },
      el('summary', {}, 'Data', el('span', { class: 'visually-hidden' }, ` of ${title}`)),
      this.#body,
    );
    this.root.addEventListener('toggle', () => this.update());
  }

  update(): void {
    if (!this.root.open) return;
    const { head, rows } = this.read();
    const every = Math.ceil(rows.length / MOST_ROWS);
    const shown = rows.filter((_, i) => i % every === 0 || i === rows.length - 1);
    this.#body.replaceChildren(
      el(
        'table',
        {},
        tableHead(head),
        el('tbody', {}, ...shown.map((row) => el('tr', {}, ...row.map((text) => el('td', {}, text))))),
      ),
    );
  }
}
