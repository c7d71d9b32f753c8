import { setStyle } from './dom.js';
import type { Size } from './sizes.js';

export interface VirtualRowsOptions<T> {
  /** Scrolls. */
  readonly scroller: HTMLElement;
  readonly size: Pick<Size, 'height'>;
  /** Holds the rows. */
  readonly body: HTMLElement;
  /** CSS pixels of each row. */
  readonly height: number;
  readonly keyOf: (item: T) => string;
  readonly make: (item: T) => HTMLElement;
  /** Bring a row up to date. */
  readonly fill: (row: HTMLElement, item: T, index: number) => void;
  /** Stands for rows that are out of sight. */
  readonly makeSpacer: () => HTMLElement;
}

/** Rows beyond the edges that are there: what the keyboard gets to next. */
const MORE = 8;
/** As long as the scroller has no height. */
const AT_FIRST = 24;

/** Rows of a list as long as it likes, of which those in sight are there. A row that stays keeps its element, and focus. */
export class VirtualRows<T> {
  #items: readonly T[] = [];
  #rows = new Map<string, HTMLElement>();
  /** Kept: a browser that is asked has to lay out the page at once. */
  #scrolled = 0;
  readonly #above: HTMLElement;
  readonly #below: HTMLElement;

  constructor(private readonly options: VirtualRowsOptions<T>) {
    this.#above = options.makeSpacer();
    this.#below = options.makeSpacer();
    const { scroller } = options;
    const onScroll = () => {
      this.#scrolled = scroller.scrollTop;
      this.#draw();
    };
    scroller.addEventListener('scroll', onScroll, { passive: true });
  }

  show(items: readonly T[]): void {
    this.#items = items;
    this.#draw();
  }

  #draw(): void {
    const { size, body, height, keyOf, make, fill } = this.options;
    const inSight = size.height > 0 ? Math.ceil(size.height / height) : AT_FIRST;
    const from = Math.max(0, Math.min(Math.floor(this.#scrolled / height), this.#items.length - inSight) - MORE);
    const to = Math.min(this.#items.length, from + inSight + 2 * MORE);
    const rows = new Map<string, HTMLElement>();
    for (let index = from; index < to; index++) {
      const item = this.#items[index]!;
      const row = this.#rows.get(keyOf(item)) ?? make(item);
      fill(row, item, index);
      rows.set(keyOf(item), row);
    }
    this.#rows = rows;
    space(this.#above, from * height);
    space(this.#below, (this.#items.length - to) * height);
    replaceKept(body, [this.#above, ...rows.values(), this.#below]);
  }
}

function space(spacer: HTMLElement, height: number): void {
  spacer.hidden = height === 0;
  setStyle(spacer, { height: `${height}px` });
}

/** Replace what an element holds, where that changes: what has the focus within keeps it, if it is still there. */
export function replaceKept(parent: HTMLElement, children: readonly HTMLElement[]): void {
  const same = children.length === parent.children.length && children.every((child, i) => child === parent.children[i]);
  if (same) return;
  const { activeElement } = parent.getRootNode() as Document | ShadowRoot;
  const focused = activeElement instanceof HTMLElement && parent.contains(activeElement) ? activeElement : undefined;
  parent.replaceChildren(...children);
  if (focused?.isConnected) focused.focus({ preventScroll: true });
}
