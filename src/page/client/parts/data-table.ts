import { tableHead } from '../tables/table-panel.js';
import { el, setAttribute, setText } from './dom.js';
import { whole } from './format.js';

export interface TableData {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What is to be known of the rows. */
  readonly note?: string;
}

/** More rows than a curve has. */
const MOST_ROWS = 2_000;

/** The numbers behind a chart, made when they are asked for: its alternative for those who cannot see it. */
export class DataTable {
  readonly root: HTMLDetailsElement;
  readonly #note = el('p', { class: 'hint' });
  #shown = '';
  readonly #body = el('div', { class: 'table-scroll', tabindex: 0, role: 'region' });

  constructor(
    title: string,
    private readonly read: () => TableData,
  ) {
    setAttribute(this.#body, 'aria-label', `Data of ${title}`);
    this.root = el(
      'details',
      { class: 'data' },
      el('summary', {}, 'Data', el('span', { class: 'visually-hidden' }, ` of ${title}`)),
      this.#note,
      this.#body,
    );
    this.root.addEventListener('toggle', () => this.update());
  }

  update(): void {
    if (!this.root.open) return;
    const { head, rows, note = '' } = this.read();
    const every = Math.max(1, Math.ceil(rows.length / MOST_ROWS));
    const thinned = every > 1 ? `Of ${whole(rows.length)} rows one in ${whole(every)}, and the last.` : '';
    setText(this.#note, [thinned, note].filter(Boolean).join(' '));
    const shown = rows.filter((_, i) => i % every === 0 || i === rows.length - 1);
    const text = JSON.stringify([head, shown]);
    if (text === this.#shown) return;
    this.#shown = text;
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
