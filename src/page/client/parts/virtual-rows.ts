import { setAttribute, setStyle } from './dom.js';
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
  /** What an item is known by. */
  readonly keyOf: (item: T) => string;
  /** A row for any item. */
  readonly make: () => HTMLElement;
  /** Show an item in a row, which may have shown another; in pieces where that is much for a frame. */
  readonly fill: (row: HTMLElement, item: T, index: number) => Generator<undefined, void>;
  /** Stands for rows that are out of sight. */
  readonly makeSpacer: () => HTMLElement;
}

/** Rows beyond the edges that are there: what the keyboard gets to next. */
const MORE = 4;
/** As long as the scroller has no height. */
const AT_FIRST = 24;

/**
 * Rows of a list as long as it likes, of which those in sight are there. Each has its place: where the order changes, it
 * shows another item. The one that has the focus stays with its item.
 */
export class VirtualRows<T> {
  #items: readonly T[] = [];
  /** By the index of the item. */
  #rows = new Map<number, HTMLElement>();
  readonly #keys = new WeakMap<HTMLElement, string>();
  /** What rows hold that have their place, and nothing in it yet. */
  readonly #coming = new WeakMap<HTMLElement, readonly Element[]>();
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
    for (const turn of this.#pieces(items)) {
      yield turn;
      if (showing !== this.#showing) return;
    }
  }

  *#pieces(items: readonly T[]): Work {
    const { size, body, height } = this.options;
    const inSight = size.height > 0 ? Math.ceil(size.height / height) : AT_FIRST;
    const from = Math.max(0, Math.min(Math.floor(this.#scrolled / height), items.length - inSight) - MORE);
    const to = Math.min(items.length, from + inSight + 2 * MORE);
    const rows = this.#placed(items, from, to);
    for (const [i, row] of rows.entries()) yield* this.#fill(row, from + i);
    space(this.#above, from * height);
    space(this.#below, (items.length - to) * height);
    for (const row of rows) if (!row.isConnected) this.#empty(row);
    replaceKept(body, [this.#above, ...rows, this.#below]);
    yield TURN;
    for (const row of rows) if (this.#complete(row)) yield TURN;
  }

  /** A row a frame, or a piece of it, where it can be seen. */
  *#fill(row: HTMLElement, index: number): Work {
    const item = this.#items[index]!;
    const turn = row.isConnected ? TURN : undefined;
    this.#complete(row);
    this.#keys.set(row, this.options.keyOf(item));
    for (const _ of this.options.fill(row, item, index)) yield turn;
    yield turn;
  }

  /** Rows that come have their places all at once: what each holds changes no other then. */
  #empty(row: HTMLElement): void {
    this.#coming.set(row, [...row.children]);
    row.replaceChildren();
  }

  /** Whether the row was empty. */
  #complete(row: HTMLElement): boolean {
    const held = this.#coming.get(row);
    if (held) row.append(...held);
    return this.#coming.delete(row);
  }

  /** The rows of these items: those that have their places, then those that have lost theirs, then new ones. */
  #placed(items: readonly T[], from: number, to: number): readonly HTMLElement[] {
    this.#followFocus(items, from, to);
    const before = this.#rows;
    const free = [...before].flatMap(([index, row]) => (index >= from && index < to ? [] : [row]));
    const indices = Array.from({ length: to - from }, (_, i) => from + i);
    this.#rows = new Map(indices.map((index) => [index, before.get(index) ?? free.pop() ?? this.options.make()]));
    return [...this.#rows.values()];
  }

  /** The row that has the focus goes where its item goes; one whose item has gone goes with it. */
  #followFocus(items: readonly T[], from: number, to: number): void {
    const focused = [...this.#rows].find(([, row]) => row.matches(':focus-within'));
    if (!focused) return;
    const [index, row] = focused;
    const key = this.#keys.get(row);
    const found = items.slice(from, to).findIndex((item) => this.options.keyOf(item) === key);
    const other = this.#rows.get(from + found);
    if (found < 0 || !other) this.#rows.delete(index);
    else this.#rows.set(index, other);
    if (found >= 0) this.#rows.set(from + found, row);
  }
}

function space(spacer: HTMLElement, height: number): void {
  setAttribute(spacer, 'hidden', height === 0);
  setStyle(spacer, { height: `${height}px` });
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
