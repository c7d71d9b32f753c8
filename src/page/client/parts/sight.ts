import { setStyle } from './dom.js';
import { TURN, type Work } from './slices.js';

/** Whether a part of the page is on the screen, or close, or on paper: what it shows is drawn. */
export interface Sight {
  readonly isSeen: boolean;
  /** Have the browser lay out and paint what has come into sight, in a frame of its own. */
  come(): Work;
}

const SKIPPED = 'skipped';
const COMING = 'coming';
/** Elements: a row of a table, a chart. */
const AT_ONCE = 12;
/** Those of a long table come together: nothing else is drawn meanwhile. */
const FRAMES = 40;

/**
 * Have a part hold nothing but its head, as high as it was, in CSS pixels; 0 where that is not known. The keyboard gets to
 * it as a whole, which brings it into sight. One that has the focus stays as it is.
 */
export function skip(root: HTMLElement, height = 0): void {
  if (root.matches(':focus-within')) return;
  root.classList.add(SKIPPED);
  root.tabIndex = 0;
  if (height > 0) setStyle(root, { 'min-height': `${height}px` });
}

/** As {@link skip}, no longer: what it holds comes one after another, while it is in sight. */
export function* unskip(root: HTMLElement, isSeen: () => boolean): Work {
  if (!root.classList.contains(SKIPPED)) return;
  const coming = [...(root.querySelector(':scope > .panel-body') ?? root).children].flatMap(piecesOf);
  for (const piece of coming) piece.classList.add(COMING);
  root.classList.remove(SKIPPED);
  // What has the focus would lose it.
  if (root.matches(':focus')) root.tabIndex = -1;
  else root.removeAttribute('tabindex');
  // It keeps its height then.
  const isSkippedAgain = () => root.classList.contains(SKIPPED);
  // What holds the pieces is laid out without them.
  yield TURN;
  const together = Math.ceil(coming.length / FRAMES);
  for (const [i, piece] of coming.entries()) {
    if (!isSeen()) skip(root);
    piece.classList.remove(COMING);
    if (i % together === 0 && !piece.hidden && !isSkippedAgain()) yield TURN;
  }
  if (!isSkippedAgain()) setStyle(root, { 'min-height': '' });
}

/** Parts that have gone out of sight, until they are skipped: a frame each, as several are too much of one. */
export class Leaving {
  readonly #heights = new Map<HTMLElement, number>();

  /** It was as high as that, in CSS pixels. */
  add(root: HTMLElement, height: number): void {
    this.#heights.set(root, height);
  }

  /** It is in sight again. */
  stay(root: HTMLElement): void {
    this.#heights.delete(root);
  }

  *leave(): Work {
    for (const [root, height] of this.#heights) {
      this.#heights.delete(root);
      const wasSkipped = root.classList.contains(SKIPPED);
      skip(root, height);
      if (!wasSkipped) yield TURN;
    }
  }
}

/** What is laid out and painted in a frame, of what a part holds: what is folded, a picture, or has few elements, as a whole. */
function piecesOf(held: Element): readonly HTMLElement[] {
  const isWhole = held.matches('details, svg') || held.querySelectorAll('*').length <= AT_ONCE;
  return isWhole ? [held as HTMLElement] : [...held.children].flatMap(piecesOf);
}

/** Whether an element lies in what is skipped: it has no size then. */
export function isSkipped(element: Element): boolean {
  return element.closest(`.${SKIPPED}`) !== null;
}
