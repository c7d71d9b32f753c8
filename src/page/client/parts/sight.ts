import { TURN, type Work } from './slices.js';

/** Whether a part of the page is on the screen, or close, or on paper: what it shows is drawn. */
export interface Sight {
  readonly isSeen: boolean;
  /** Have the browser lay out and paint what has come into sight, in a frame of its own. */
  come(): Work;
}

const SKIPPED = 'skipped';

/** Have the browser skip what a part holds, but for its head: the keyboard gets to it as a whole, which brings it into sight. */
export function skip(root: HTMLElement): void {
  root.classList.add(SKIPPED);
  root.tabIndex = 0;
}

/** As {@link skip}, no longer. */
export function* unskip(root: HTMLElement): Work {
  if (!root.classList.contains(SKIPPED)) return;
  root.classList.remove(SKIPPED);
  // What has the focus would lose it.
  if (root.matches(':focus')) root.tabIndex = -1;
  else root.removeAttribute('tabindex');
  yield TURN;
}

/** Whether an element lies in what is skipped: it has no size then. */
export function isSkipped(element: Element): boolean {
  return element.closest(`.${SKIPPED}`) !== null;
}
