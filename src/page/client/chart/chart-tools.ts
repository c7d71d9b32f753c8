import { el, setAttribute, setText } from '../parts/dom.js';
import { menuOf } from '../parts/menu.js';
import type { View } from '../state/view.js';
import { CHART_FORMS, type ChartForm } from './chart-forms.js';
import type { ChartPicture } from './chart-picture.js';

/** What a chart is made into a file of. */
export interface Drawable {
  picture(): ChartPicture | undefined;
  size(): { readonly width: number; readonly height: number };
}

/** In a chart's head: its scale, its size, and files of it. */
export class ChartTools {
  readonly elements: readonly HTMLElement[];
  readonly #log: HTMLElement;
  readonly #enlarge: HTMLElement;

  constructor(
    private readonly view: View,
    private readonly title: string,
    private readonly drawable: Drawable,
  ) {
    this.#log = el('button', { type: 'button', class: 'tool', title: 'Logarithmic scale' }, 'log');
    this.#log.addEventListener('click', () => {
      const { otherScale } = view.choices;
      const others = otherScale.filter((other) => other !== title);
      view.choose({ otherScale: others.length < otherScale.length ? others : [...others, title] });
    });
    this.#enlarge = el('button', { type: 'button', class: 'tool glyph' }, '⤢');
    this.#enlarge.addEventListener('click', () => view.choose({ enlarged: this.#isEnlarged ? undefined : title }));
    const menu = menuOf({ label: '↓', name: `Download ${title}`, className: 'tool glyph' });
    menu.body.append(
      ...CHART_FORMS.map(([form, label, what]) => {
        const button = el('button', { type: 'button', class: 'menu-item' }, label, el('span', { class: 'hint' }, what));
        button.addEventListener('click', () => {
          menu.close();
          void this.#save(form);
        });
        return button;
      }),
    );
    this.elements = [this.#log, this.#enlarge, menu.root];
  }

  update(isLog: boolean): void {
    setAttribute(this.#log, 'aria-pressed', String(isLog));
    const name = this.#isEnlarged ? 'Back to the page' : 'Fill the window';
    setAttribute(this.#enlarge, 'aria-label', `${name}: ${this.title}`);
    setAttribute(this.#enlarge, 'title', name);
    setText(this.#enlarge, this.#isEnlarged ? '×' : '⤢');
  }

  focusEnlarge(): void {
    this.#enlarge.focus();
  }

  get #isEnlarged(): boolean {
    return this.view.choices.enlarged === this.title;
  }

  /** What makes files is loaded when one is asked for. */
  async #save(form: ChartForm): Promise<void> {
    const picture = this.drawable.picture();
    if (!picture) return;
    const { saveChart } = await import('./save-chart.js');
    await saveChart(form, { title: this.title, picture, theme: this.view.theme, size: this.drawable.size() });
  }
}
