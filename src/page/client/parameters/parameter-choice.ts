import { swatchOf } from '../chart/swatch.js';
import { el, setAttribute, setText } from '../parts/dom.js';
import { plural, whole } from '../parts/format.js';
import { LazyPart } from '../parts/lazy-part.js';
import { shortNames } from '../parts/short-names.js';
import { nameLink } from '../parts/shown-name.js';
import type { Work } from '../parts/slices.js';
import { replaceKept } from '../parts/virtual-rows.js';
import { type ChosenParameter, chosenNames, chosenParameters } from '../state/chosen-parameters.js';
import type { View } from '../state/view.js';

const CHIPS = 16;
const CHIP_CHARACTERS = 36;

/** The chosen parameters, and the way to others. */
export class ParameterChoice {
  readonly root: HTMLElement;
  readonly #chips = el('ul', { class: 'chips', 'aria-label': 'Chosen parameters' });
  readonly #more = el('span', { class: 'hint' });
  readonly #open: HTMLButtonElement;
  readonly #list: LazyPart;
  #shown = '';

  constructor(private readonly view: View) {
    this.#open = el(
      'button',
      { type: 'button', class: 'tool', 'aria-expanded': 'false', onclick: () => this.#toggle() },
      'Choose parameters',
    );
    this.#list = new LazyPart(view, {
      isNeeded: () => view.choices.search !== undefined,
      load: async () => new (await import('../on-demand.js')).ParameterList(view),
    });
    this.root = el(
      'div',
      { class: 'choice' },
      el('div', { class: 'choice-row' }, this.#chips, this.#more, this.#open),
      this.#list.root,
    );
  }

  *update(): Work {
    const run = this.view.focus;
    if (!run) return;
    const chosen = chosenParameters(this.view, run);
    yield;
    setAttribute(this.#open, 'aria-expanded', String(this.view.choices.search !== undefined));
    const shown = JSON.stringify([this.view.theme.shown, chosen]);
    if (shown !== this.#shown) yield* this.#show(chosen);
    this.#shown = shown;
    yield* this.#list.update();
  }

  #toggle(): void {
    this.view.choose({ search: this.view.choices.search === undefined ? '' : undefined });
  }

  *#show(chosen: readonly ChosenParameter[]): Work {
    const short = shortNames(
      chosen.map(({ name }) => name),
      CHIP_CHARACTERS,
    );
    const chips: HTMLElement[] = [];
    for (const [i, parameter] of chosen.slice(0, CHIPS).entries()) {
      chips.push(this.#chip(parameter, short[i]!));
      yield;
    }
    replaceKept(this.#chips, chips);
    const more = chosen.length - CHIPS;
    setText(this.#more, more > 0 ? `and ${whole(more)} more` : chosen.length === 0 ? 'No parameter is chosen.' : '');
    setAttribute(this.#open, 'title', plural(chosen.length, 'parameter'));
  }

  #chip({ name, ...look }: ChosenParameter, short: string): HTMLElement {
    const remove = el(
      'button',
      { type: 'button', class: 'remove', 'aria-label': `Remove ${name}`, onclick: () => this.#remove(name) },
      '×',
    );
    return el('li', { class: 'chip-item' }, swatchOf(look), nameLink(this.view, name, short), remove);
  }

  #remove(name: string): void {
    const run = this.view.focus;
    if (!run) return;
    this.view.choose({ parameters: chosenNames(this.view, run).filter((other) => other !== name) });
    this.#open.focus();
  }
}
