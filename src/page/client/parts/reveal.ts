import { setAttribute } from './dom.js';
import { TURN, type Work } from './slices.js';

/** Show a part, or hide it. One that comes has a frame for itself: nothing else is laid out in it, and then it has its size. */
export function* reveal(root: HTMLElement, shown: boolean): Work {
  const comes = shown && root.hidden;
  setAttribute(root, 'hidden', !shown);
  if (comes) yield TURN;
}
