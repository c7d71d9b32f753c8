import { el, PANEL_STYLE, type Place, siteMemory } from '../../page/client/index.js';

/** The colours of a panel: as the page around has it, or always the same. */
export type PanelTheme = 'host' | 'light' | 'dark';

/** What no style of the page around may change, whatever it says of all elements. */
const HOST_STYLE: Readonly<Record<string, string>> = {
  all: 'initial',
  display: 'block',
  'color-scheme': 'inherit',
  color: 'CanvasText',
};

/**
 * An element of ours in someone else's page, with a shadow tree: styles come neither in nor out. The style sheet is made
 * by code, which a strict content security policy allows.
 */
export class PanelHost implements Place {
  readonly element: HTMLDivElement;
  readonly root = el('div');
  /** Scrolls. */
  readonly frame = el('div', { class: 'frame' }, this.root);
  readonly themed = el('section', { class: 'theme', 'aria-label': 'trainscope' }, this.frame);
  readonly embedded = true;
  readonly memory = siteMemory('trainscope-panel-');

  constructor(
    parent: Element,
    private readonly choice: PanelTheme,
    style: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) {
    const { ownerDocument } = parent;
    this.element = ownerDocument.createElement('div');
    for (const [name, value] of Object.entries({ ...HOST_STYLE, ...style })) {
      this.element.style.setProperty(name, value, 'important');
    }
    const shadow = this.element.attachShadow({ mode: 'open' });
    const sheet = new (ownerDocument.defaultView ?? window).CSSStyleSheet();
    sheet.replaceSync(PANEL_STYLE);
    shadow.adoptedStyleSheets = [sheet];
    shadow.append(this.themed);
    parent.append(this.element);
    signal.addEventListener('abort', () => this.element.remove());
  }

  /** As the page around is drawn: what it says by `color-scheme`, by its class or by the system's choice, all in one. */
  get theme(): Exclude<PanelTheme, 'host'> {
    if (this.choice !== 'host') return this.choice;
    const [red = 0, green = 0, blue = 0] =
      getComputedStyle(this.element)
        .color.match(/[\d.]+/g)
        ?.map(Number) ?? [];
    return red + green + blue > 1.5 * 255 ? 'dark' : 'light';
  }

  onTheme(listener: () => void, signal: AbortSignal): void {
    if (this.choice !== 'host') return;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', listener, { signal });
    const observer = new MutationObserver(listener);
    for (let around = this.element.parentElement; around; around = around.parentElement) {
      observer.observe(around, { attributes: true, attributeFilter: ['class', 'style', 'data-theme'] });
    }
    signal.addEventListener('abort', () => observer.disconnect());
  }
}
