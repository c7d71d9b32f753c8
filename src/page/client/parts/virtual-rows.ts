import { setStyle } from './dom.js';
import type { Size } from './sizes.js';
import { TURN, type Work } from './slices.js';

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
/** New rows that are laid out in one frame. */
const PORTION = 4;

/** Rows of a list as long as it likes, of which those in sight are there. A row that stays keeps its element, and focus. */
export class VirtualRows<T> {
  #items: readonly T[] = [];
  #rows = new Map<string, HTMLElement>();
  /** Kept: a browser that is asked has to lay out the page at once. */
  #scrolled = 0;
  /** Counts: what is shown anew ends what was being shown. */
  #showing = 0;
  readonly #above: HTMLElement;
  readonly #below: HTMLElement;

  constructor(private readonly options: VirtualRowsOptions<T>) {
    this.#above = options.makeSpacer();
    this.#below = options.makeSpacer();
    const { scroller } = options;
    const onScroll = () => {
      this.#scrolled = scroller.scrollTop;
      for (const _ of this.show(this.#items));
    };
    scroller.addEventListener('scroll', onScroll, { passive: true });
  }

  /** In pieces: whoever scrolls meanwhile sees all at once. */
  *show(items: readonly T[]): Work {
    this.#items = items;
    const showing = ++this.#showing;
    const { size, body, height, keyOf, make, fill } = this.options;
    const inSight = size.height > 0 ? Math.ceil(size.height / height) : AT_FIRST;
    const from = Math.max(0, Math.min(Math.floor(this.#scrolled / height), items.length - inSight) - MORE);
    const to = Math.min(items.length, from + inSight + 2 * MORE);
    const rows = new Map<string, HTMLElement>();
    for (let index = from; index < to; index++) {
      const item = items[index]!;
      const row = this.#rows.get(keyOf(item)) ?? make(item);
      fill(row, item, index);
      rows.set(keyOf(item), row);
      yield;
      if (showing !== this.#showing) return;
    }
    this.#rows = rows;
    space(this.#above, from * height);
    space(this.#below, (items.length - to) * height);
    for (const there of inPortions([...rows.values()])) {
      replaceKept(body, [this.#above, ...there, this.#below]);
      yield TURN;
      if (showing !== this.#showing) return;
    }
  }
}

function space(spacer: HTMLElement, height: number): void {
  spacer.hidden = height === 0;
  setStyle(spacer, { height: `${height}px` });
}

/** Rows with more and more of the new ones among them, and at last all. */
function* inPortions(rows: readonly HTMLElement[]): Generator<readonly HTMLElement[]> {
  const coming = rows.filter((row) => !row.isConnected);
  for (let from = PORTION; from < coming.length; from += PORTION) {
    const later = new Set(coming.slice(from));
    yield rows.filter((row) => !later.has(row));
  }
  yield rows;
}

/** Replace what an element holds, where that changes: what has the focus within keeps it, if it is still there. */
export function replaceKept(parent: HTMLElement, children: readonly HTMLElement[]): void {
  const same = children.length === parent.children.length && children.every((child, i) => child === parent.children[i]);
  if (same) return;
  const { activeElement } = parent.getRootNode() as Document | ShadowRoot;
  const focused = activeElement instanceof HTMLElement && parent.contains(activeElement) ? activeElement : undefined;
  placeInOrder(parent, children);
  if (focused?.isConnected) focused.focus({ preventScroll: true });
}

/** What stays where it is is not touched: a browser lays out anew what is put into its place once more. */
function placeInOrder(parent: HTMLElement, children: readonly HTMLElement[]): void {
  const kept = new Set<Element>(children);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let at = parent.firstElementChild;
  for (const child of children) {
    // One that goes further down: those after it stay.
    while (at && at !== child && at.nextElementSibling === child) {
      const next: Element = at.nextElementSibling;
      at.remove();
      at = next;
    }
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
}
