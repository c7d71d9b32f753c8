import type { RunHistory } from '../history/run-history.js';
import { el, setStyle } from './dom.js';
import { lineColor } from './palette.js';
import type { View } from './view.js';

const MOST = 8;
const AT_FIRST = 4;

/** The parameters whose norms and histograms are shown; the person adds and removes them. */
export class ParameterChoice {
  readonly root: HTMLElement;
  readonly #input = el('input', {
    type: 'text',
    placeholder: 'Add a parameter…',
    'aria-label': 'Add a parameter',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  readonly #options = el('datalist', {});
  readonly #chips = el('ul', { class: 'chips', 'aria-label': 'Chosen parameters' });
  #listed: readonly string[] = [];

  constructor(private readonly view: View) {
    this.root = el('div', { class: 'choice' }, this.#chips, this.#input, this.#options);
    this.#options.id = `parameter-names-${view.id}`;
    this.#input.setAttribute('list', this.#options.id);
    this.#input.addEventListener('change', () => this.#add(this.#input.value));
    this.#input.addEventListener('input', () => {
      if (this.#listed.includes(this.#input.value)) this.#add(this.#input.value);
    });
    view.theme.onChange(() => this.#show());
  }

  /** Chosen and present in the run in focus, each with its row and colour. */
  get chosen(): readonly { readonly name: string; readonly row: number; readonly color: string }[] {
    const run = this.view.focus;
    if (!run) return [];
    return this.#names(run).flatMap((name, i) => {
      const row = run.rows.value.parameters.indexOf(name);
      return row < 0 ? [] : [{ name, row, color: lineColor(this.view.theme, i + 1) }];
    });
  }

  update(): void {
    const names = this.view.focus?.rows.value.parameters ?? [];
    if (names === this.#listed) return;
    this.#listed = names;
    this.#options.replaceChildren(...names.map((name) => el('option', { value: name })));
    this.#show();
  }

  /** Until the person chooses: the largest parameters, in the order of the model. */
  #names(run: RunHistory): readonly string[] {
    const chosen = this.view.choices.parameters;
    if (chosen) return chosen;
    const { parameters, sizes } = run.rows.value;
    const largest = parameters.map((_, row) => row).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
    return largest
      .slice(0, AT_FIRST)
      .sort((a, b) => a - b)
      .map((row) => parameters[row]!);
  }

  #add(name: string): void {
    const run = this.view.focus;
    if (!run || !this.#listed.includes(name)) return;
    this.#input.value = '';
    const others = this.#names(run).filter((other) => other !== name);
    this.#choose([...others, name].slice(-MOST));
  }

  #remove(name: string): void {
    const run = this.view.focus;
    if (!run) return;
    this.#choose(this.#names(run).filter((other) => other !== name));
    this.#input.focus();
  }

  #choose(parameters: readonly string[]): void {
    this.view.choose({ parameters });
    this.#show();
  }

  #show(): void {
    this.#chips.replaceChildren(
      ...this.chosen.map(({ name, color }) => {
        const swatch = el('span', { class: 'swatch' });
        setStyle(swatch, { '--swatch': color });
        const remove = el(
          'button',
          { type: 'button', 'aria-label': `Remove ${name}`, onclick: () => this.#remove(name) },
          '×',
        );
        return el(
          'li',
          { class: 'chip-item', title: name },
          swatch,
          el('span', { class: 'name' }, el('bdi', {}, name)),
          remove,
        );
      }),
    );
  }
}
