import type { ShownValues } from '../history/shown-values.js';
import { el, setText } from './dom.js';
import { readable, whole } from './format.js';
import { panel } from './panel.js';
import type { View } from './view.js';

const TITLES = ['Parameter', 'Elements', 'Least', 'Greatest', 'Mean', 'Std', 'Zeros', 'NaN', 'Infinite'];

/** The values of the parameters, where parameterValues() looked at them last. */
export class ValuesPanel {
  readonly root: HTMLElement;
  readonly #note = el('p', { class: 'readout' });
  readonly #body = el('tbody');
  #shown: ShownValues | undefined;

  constructor(private readonly view: View) {
    const { root, body } = panel('Values', { hint: 'of the parameters; of the finite ones', wide: true });
    this.root = root;
    const head = el('thead', {}, el('tr', {}, ...TITLES.map((title) => el('th', { scope: 'col' }, title))));
    const scroll = el(
      'div',
      { class: 'table-scroll', tabindex: 0, role: 'region', 'aria-label': 'Values of the parameters' },
      el('table', { class: 'matrix values' }, head, this.#body),
    );
    body.append(this.#note, scroll);
  }

  update(): void {
    const values = this.view.focus?.values.value;
    this.root.hidden = !values;
    if (!values || values === this.#shown) return;
    this.#shown = values;
    setText(this.#note, `After step ${whole(values.step)}.`);
    this.#body.replaceChildren(
      ...values.rows.map(([name, size, ...numbers]) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, el('bdi', {}, name)),
          el('td', {}, whole(size)),
          ...numbers.map((value) => el('td', {}, value === null ? '–' : readable(value))),
        ),
      ),
    );
  }
}
