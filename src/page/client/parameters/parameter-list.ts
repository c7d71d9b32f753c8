import { swatchOf } from '../chart/swatch.js';
import { el, setAttribute, setText } from '../parts/dom.js';
import { plural, whole } from '../parts/format.js';
import { indexIn } from '../parts/index-in.js';
import type { Part } from '../parts/lazy-part.js';
import { KeptShortNames } from '../parts/short-names.js';
import { charactersIn, nameLink, renameLink } from '../parts/shown-name.js';
import type { Size } from '../parts/sizes.js';
import type { Work } from '../parts/slices.js';
import { VirtualRows } from '../parts/virtual-rows.js';
import { type ChosenParameter, chosenNames, chosenParameters, MOST_CHOSEN } from '../state/chosen-parameters.js';
import { namePattern } from '../state/name-pattern.js';
import type { View } from '../state/view.js';

const ROW_HEIGHT = 30;

interface Row {
  readonly name: string;
  readonly short: string;
  /** Undefined where the page does not know it. */
  readonly size: number | undefined;
  readonly chosen: ChosenParameter | undefined;
}

/** All parameters of the run in focus, to search among and to choose from. */
export class ParameterList implements Part {
  readonly root: HTMLElement;
  readonly #search = el('input', {
    type: 'search',
    placeholder: 'query, *.weight, or /layer\\.[0-3]\\./',
    'aria-label': 'Search the parameters: a part of the name, a glob, or a regular expression between slashes',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  readonly #count = el('p', { class: 'hint', role: 'status' });
  readonly #chooseFound = el('button', { type: 'button', class: 'tool' }, 'Choose all found');
  readonly #chooseNone = el('button', { type: 'button', class: 'tool' }, 'Choose none');
  readonly #usual = el('button', { type: 'button', class: 'tool' }, 'Choose the largest');
  readonly #list = el('ul', {});
  readonly #rows: VirtualRows<Row>;
  readonly #scroller: HTMLElement;
  readonly #size: Size;
  readonly #short = new KeptShortNames();
  #found: readonly string[] = [];
  #of: readonly string[] | undefined;
  #searched: string | undefined;

  constructor(private readonly view: View) {
    this.#scroller = el(
      'div',
      { class: 'table-scroll rows', tabindex: 0, role: 'region', 'aria-label': 'Parameters that were found' },
      this.#list,
    );
    this.root = el(
      'div',
      { class: 'parameter-list', role: 'group', 'aria-label': 'Choose parameters' },
      el('div', { class: 'choice-row' }, this.#search, this.#chooseFound, this.#chooseNone, this.#usual),
      this.#count,
      this.#scroller,
    );
    this.#search.addEventListener('input', () => view.choose({ search: this.#search.value }));
    this.#search.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      view.choose({ search: undefined });
    });
    this.#chooseFound.addEventListener('click', () => this.#choose([...this.#chosen, ...this.#found]));
    this.#chooseNone.addEventListener('click', () => view.choose({ parameters: [] }));
    this.#usual.addEventListener('click', () => view.choose({ parameters: undefined }));
    this.#size = view.sizes.of(this.#scroller);
    this.#rows = new VirtualRows<Row>({
      scroller: this.#scroller,
      size: this.#size,
      body: this.#list,
      height: ROW_HEIGHT,
      keyOf: ({ name }) => name,
      make: () => this.#make(),
      fill: (element, row, index) => this.#fill(element, row, index),
      makeSpacer: () => el('li', { class: 'spacer', 'aria-hidden': 'true' }),
    });
  }

  *update(): Work {
    const run = this.view.focus;
    if (!run) return;
    const { search = '' } = this.view.choices;
    if (this.#search.value !== search) this.#search.value = search;
    this.#find(this.view.named.namesOf(run), search);
    const { parameters, sizes } = run.rows.value;
    const chosen = new Map(chosenParameters(this.view, run).map((each) => [each.name, each]));
    const short = this.#short.of(this.#found, charactersIn(this.#size.width - 160));
    const shown = this.#found.map((name, i): Row => {
      return { name, short: short[i]!, size: sizes[indexIn(parameters, name)], chosen: chosen.get(name) };
    });
    yield* this.#rows.show(shown);
    setAttribute(
      this.#chooseFound,
      'disabled',
      this.#found.length === 0 || this.#found.every((name) => chosen.has(name)),
    );
    setAttribute(this.#chooseNone, 'disabled', chosen.size === 0);
    setAttribute(this.#usual, 'disabled', this.view.choices.parameters === undefined);
  }

  #find(parameters: readonly string[], search: string): void {
    if (this.#of === parameters && this.#searched === search) return;
    this.#of = parameters;
    if (this.#searched !== search) this.#scroller.scrollTop = 0;
    this.#searched = search;
    const { matches, error } = namePattern(search);
    setAttribute(this.#search, 'aria-invalid', String(!matches));
    this.#found = matches ? parameters.filter(matches) : [];
    const found = `${whole(this.#found.length)} of ${plural(parameters.length, 'parameter')}`;
    const limit = this.#found.length > MOST_CHOSEN ? `; ${MOST_CHOSEN} can be chosen at once` : '';
    setText(this.#count, error ?? `${found}${limit}`);
  }

  get #chosen(): readonly string[] {
    const run = this.view.focus;
    return run ? chosenNames(this.view, run) : [];
  }

  #choose(names: readonly string[]): void {
    this.view.choose({ parameters: [...new Set(names)].slice(0, MOST_CHOSEN) });
  }

  #make(): HTMLElement {
    const box = el('input', { type: 'checkbox' });
    const link = nameLink(this.view, '');
    box.addEventListener('change', () => {
      const others = this.#chosen.filter((other) => other !== link.title);
      this.#choose(box.checked ? [...others, link.title] : others);
    });
    return el('li', {}, box, el('span', { class: 'chosen-swatch' }), link, el('span', { class: 'value' }));
  }

  *#fill(element: HTMLElement, { name, short, size, chosen }: Row, index: number): Generator<undefined, void> {
    const [box, swatch, link, value] = element.children as unknown as [
      HTMLInputElement,
      HTMLElement,
      HTMLElement,
      HTMLElement,
    ];
    setAttribute(box, 'aria-label', `Choose ${name}`);
    box.checked = chosen !== undefined;
    renameLink(link, name, short);
    yield;
    const look = chosen && { color: chosen.color, ...(chosen.dash && { dash: chosen.dash }) };
    if (swatch.dataset.look !== JSON.stringify(look)) swatch.replaceChildren(...(look ? [swatchOf(look)] : []));
    setAttribute(swatch, 'data-look', JSON.stringify(look));
    setText(value, size === undefined ? '' : whole(size));
    setAttribute(element, 'aria-posinset', String(index + 1));
    setAttribute(element, 'aria-setsize', String(this.#found.length));
  }
}
