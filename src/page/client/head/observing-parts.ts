import type { RunHistory } from '../../history/run-history.js';
import { el, setAttribute } from '../parts/dom.js';
import { percent } from '../parts/format.js';

type Shares = Readonly<Record<string, number>>;

/** What observing is made of, the greatest first: opened from its tile. */
export class ObservingParts {
  readonly root: HTMLElement;
  readonly #rows = el('tbody');
  #shown: Shares | undefined;

  constructor() {
    const head = el(
      'tr',
      {},
      el('th', { scope: 'col', class: 'part-name' }, 'Observing, by what'),
      el('th', { scope: 'col', class: 'part-share' }, 'of the time'),
    );
    const table = el('table', { class: 'parts' }, el('thead', {}, head), this.#rows);
    this.root = el('details', { class: 'tile-parts' }, el('summary', {}, 'By what'), table);
  }

  update({ observing }: RunHistory): void {
    const shares = observing.value;
    setAttribute(this.root, 'hidden', !shares);
    if (!shares || shares === this.#shown) return;
    this.#shown = shares;
    const rows = Object.entries(shares).map(([name, share]) =>
      el(
        'tr',
        {},
        el('th', { scope: 'row', class: 'part-name', title: name }, withoutArguments(name)),
        el('td', { class: 'part-share' }, percent(share)),
      ),
    );
    this.#rows.replaceChildren(...rows);
  }
}

/** The part that takes most, in words. */
export function largestPart(shares: Shares | undefined): string | undefined {
  const [first] = Object.entries(shares ?? {});
  return first && `${withoutArguments(first[0])} ${percent(first[1])}`;
}

/** A sink's name says its file or address, too, which has no room here. */
function withoutArguments(name: string): string {
  return name.replace(/\(.*\)$/, '');
}
