import type { Enlargeable } from '../chart/enlargeable.js';
import { el, setAttribute } from '../parts/dom.js';
import type { View } from '../state/view.js';

/** A chart that fills the window: the chart itself, lent to a dialog, with what belongs to all charts. */
export class Enlarged {
  readonly #dialog = el('dialog', { class: 'enlarged' });
  /** Where what is lent has its place. */
  readonly #places = new Map<HTMLElement, Comment>();
  #chart: Enlargeable | undefined;

  constructor(
    private readonly view: View,
    /** Lent with every chart. */
    private readonly shared: readonly HTMLElement[],
  ) {
    view.place.root.append(this.#dialog);
    this.#dialog.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      // Nor does what the page stands in hear of it: it would close, too.
      event.preventDefault();
      event.stopPropagation();
      this.#leave();
    });
    this.#dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      this.#leave();
    });
    view.signal.addEventListener('abort', () => this.#dialog.remove());
  }

  update(): void {
    const { charts, choices } = this.view;
    const chart = [...charts].find(({ title, root }) => title === choices.enlarged && !root.hidden);
    if (chart === this.#chart) return;
    this.#giveBack();
    this.#chart = chart;
    if (!chart) return;
    setAttribute(this.#dialog, 'aria-label', chart.title);
    for (const element of [...this.shared, chart.root]) this.#lend(element);
    this.#dialog.showModal();
    chart.focus();
  }

  #leave(): void {
    this.view.choose({ enlarged: undefined });
  }

  #lend(element: HTMLElement): void {
    const place = new Comment();
    element.replaceWith(place);
    this.#places.set(element, place);
    this.#dialog.append(element);
  }

  #giveBack(): void {
    if (!this.#chart) return;
    for (const [element, place] of this.#places) place.replaceWith(element);
    this.#places.clear();
    this.#dialog.close();
    this.#chart.focusEnlarge();
  }
}
