import type { View } from '../state/view.js';
import { el } from './dom.js';

/** A name as it is listed: cut as `short` says, in full on hover and for a screen reader. */
export function shownName(name: string, short = name): HTMLElement[] {
  if (short === name) return [el('bdi', {}, name)];
  return [el('bdi', { 'aria-hidden': 'true' }, short), el('bdi', { class: 'visually-hidden' }, name)];
}

/** The name of a parameter or a layer: it opens its page. */
export function nameLink(view: View, name: string, short = name): HTMLElement {
  const onclick = () => view.openParameter(name);
  return el('button', { type: 'button', class: 'name-link', title: name, onclick }, ...shownName(name, short));
}

/** Characters of a name in so many CSS pixels, about. */
export function charactersIn(width: number): number {
  return Math.max(8, Math.floor(width / 6.9));
}
