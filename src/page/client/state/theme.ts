import { el, setAttribute } from '../parts/dom.js';
import { COLOR_NAMES, type ColorName } from '../parts/palette.js';
import type { Place, ThemeName } from './place.js';

const KEY = 'theme';

/** The colours that are shown: those that a person has chosen, else those of the place. */
export class Theme {
  readonly #colors = new Map<ColorName, string>();
  readonly #listeners = new Set<() => void>();
  readonly #print = matchMedia('print');
  #chosen: ThemeName | undefined;
  #shown: ThemeName;

  constructor(
    private readonly place: Place,
    signal: AbortSignal,
  ) {
    const kept = place.memory.read(KEY);
    this.#chosen = kept === 'light' || kept === 'dark' ? kept : undefined;
    this.#shown = this.#wanted;
    this.#apply();
    place.onTheme(() => this.#changed(), signal);
    this.#print.addEventListener('change', () => this.#changed(), { signal });
  }

  get shown(): ThemeName {
    return this.#shown;
  }

  /** Paper is light. */
  get #wanted(): ThemeName {
    return this.isPrinted ? 'light' : (this.#chosen ?? this.place.theme);
  }

  /** Whether the page is being printed. */
  get isPrinted(): boolean {
    return this.#print.matches;
  }

  /** The value of a colour of the style sheet, such as `--muted`, in the theme that is shown. */
  color(name: ColorName): string {
    // All at once: the browser has to work out the style of a page that has changed whenever it is asked.
    if (!this.#colors.has(name)) this.#read();
    return this.#colors.get(name) ?? '';
  }

  #read(): void {
    const style = getComputedStyle(this.place.themed);
    for (const name of COLOR_NAMES) this.#colors.set(name, style.getPropertyValue(name).trim());
  }

  /** Called after the theme has changed. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** What a person has chosen, if anything. */
  get chosen(): ThemeName | undefined {
    return this.#chosen;
  }

  /** Show this one, or what the place does; kept when the page is gone. */
  choose(name: ThemeName | undefined): void {
    this.#chosen = name;
    this.place.memory.write(KEY, name);
    this.#changed();
  }

  /** A choice that is the place's own is none: the page follows the place again. */
  toggle(): void {
    const next = this.shown === 'dark' ? 'light' : 'dark';
    this.choose(next === this.place.theme ? undefined : next);
  }

  #changed(): void {
    const wanted = this.#wanted;
    if (this.#shown === wanted) return;
    this.#shown = wanted;
    this.#apply();
    this.#colors.clear();
    for (const listener of this.#listeners) listener();
  }

  #apply(): void {
    setAttribute(this.place.themed, 'data-theme', this.shown);
  }
}

export function themeToggle(theme: Theme): HTMLElement {
  const button = el('button', { class: 'icon-button', type: 'button', onclick: () => theme.toggle() });
  const show = () => {
    const next = theme.shown === 'dark' ? 'light' : 'dark';
    button.textContent = next === 'dark' ? '☾' : '☀';
    setAttribute(button, 'aria-label', `Use the ${next} theme`);
    setAttribute(button, 'title', `Use the ${next} theme`);
  };
  show();
  theme.onChange(show);
  return button;
}
