import { el, logo, setStyle } from '../../page/client/index.js';
import type { PanelHost } from './panel-host.js';

export interface DrawerOptions {
  readonly open: boolean;
  /** A key that opens and closes it; empty for none. */
  readonly shortcut: string;
  readonly signal: AbortSignal;
}

/** A drawer lies over the right side of the window, and covers nothing else. */
export const DRAWER_STYLE: Readonly<Record<string, string>> = {
  position: 'fixed',
  'z-index': '2147483000',
  top: '0',
  right: '0',
  bottom: '0',
};

const WIDTH = { key: 'width', least: 320, usual: 560, step: 32 };

/** The panel where it has no place in the page: opened and closed by a button and by a key, as wide as one likes. */
export class Drawer {
  readonly #opener: HTMLButtonElement;
  readonly #drawer: HTMLElement;
  readonly #separator: HTMLElement;
  /** Among the panel's tools. */
  readonly closer: HTMLButtonElement;
  #width: number;

  constructor(
    private readonly host: PanelHost,
    { open, shortcut, signal }: DrawerOptions,
  ) {
    const keys = shortcut === '' ? '' : ` (${shortcut})`;
    this.#opener = el(
      'button',
      { type: 'button', class: 'opener', 'aria-label': 'Show the training', title: `Show the training${keys}` },
      logo(),
    );
    this.closer = el(
      'button',
      { type: 'button', class: 'icon-button', 'aria-label': 'Hide the training', title: `Hide the training${keys}` },
      '×',
    );
    this.#separator = el('div', {
      class: 'separator',
      role: 'separator',
      tabindex: 0,
      'aria-orientation': 'vertical',
      'aria-label': 'Width of the training’s panel',
    });
    this.#drawer = el('div', { class: 'drawer' }, this.#separator, host.frame);
    host.themed.append(this.#drawer, this.#opener);
    this.#opener.addEventListener('click', () => this.toggle(true));
    this.closer.addEventListener('click', () => this.toggle(false));
    this.#drawer.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.defaultPrevented) this.toggle(false);
    });
    this.#separator.addEventListener('keydown', (event) => this.#key(event));
    this.#separator.addEventListener('pointerdown', ({ pointerId }) => this.#separator.setPointerCapture(pointerId));
    this.#separator.addEventListener('pointermove', ({ pointerId, clientX }) => {
      if (this.#separator.hasPointerCapture(pointerId)) this.#resize(innerWidth - clientX);
    });
    if (shortcut !== '') {
      const listener = (event: KeyboardEvent) => {
        if (event.key !== shortcut || isTyping(event)) return;
        event.preventDefault();
        this.toggle();
      };
      document.addEventListener('keydown', listener, { signal });
    }
    this.#width = Number(host.memory.read(WIDTH.key)) || WIDTH.usual;
    this.#resize(this.#width);
    this.#show(open);
  }

  /** Open or close it; without an answer, whichever it is not. The focus stays with what is seen. */
  toggle(shown?: boolean): void {
    const open = shown ?? this.#drawer.hidden === true;
    const within = this.#focused;
    this.#show(open);
    if (open && within === this.#opener) this.closer.focus();
    if (!open && within) this.#opener.focus();
  }

  get #focused(): Element | null {
    return this.host.element.shadowRoot!.activeElement;
  }

  #show(open: boolean): void {
    this.#drawer.hidden = !open;
    this.#opener.hidden = open;
  }

  #key(event: KeyboardEvent): void {
    const widths: Readonly<Record<string, number>> = {
      ArrowLeft: this.#width + WIDTH.step,
      ArrowRight: this.#width - WIDTH.step,
      Home: WIDTH.least,
      End: innerWidth,
    };
    const width = widths[event.key];
    if (width === undefined) return;
    event.preventDefault();
    this.#resize(width);
  }

  #resize(width: number): void {
    const most = Math.max(WIDTH.least, innerWidth);
    this.#width = Math.round(Math.min(most, Math.max(WIDTH.least, width)));
    setStyle(this.#drawer, { '--width': `${this.#width}px` });
    for (const [name, value] of [
      ['now', this.#width],
      ['min', WIDTH.least],
      ['max', most],
    ] as const) {
      this.#separator.setAttribute(`aria-value${name}`, String(value));
    }
    this.host.memory.write(WIDTH.key, String(this.#width));
  }
}

/** Whether the key belongs to a field, or to the browser. */
function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
