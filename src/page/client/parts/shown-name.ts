import type { View } from '../state/view.js';
import { el, setAttribute, setText } from './dom.js';

/** A name as it is listed: cut as `short` says, in full on hover and for a screen reader. */
export function shownName(name: string, short = name): HTMLElement[] {
  if (short === name) return [el('bdi', {}, name)];
  return [el('bdi', { 'aria-hidden': 'true' }, short), el('bdi', { class: 'visually-hidden' }, name)];
}

/** The texts of {@link shownName}. */
function shownTexts(name: string, short: string): readonly string[] {
  return short === name ? [name] : [short, name];
}

/** The name of a parameter or a layer: it opens its page. */
export function nameLink(view: View, name: string, short = name): HTMLElement {
  const link = el('button', { type: 'button', class: 'name-link' });
  // Of what was there when it was pressed, whatever comes until it is let go.
  let pressed = '';
  link.addEventListener('pointerdown', () => {
    pressed = link.title;
  });
  link.addEventListener('click', ({ detail }) => view.openParameter(detail > 0 && pressed ? pressed : link.title));
  renameLink(link, name, short);
  return link;
}

/** Have a link be that of another name. */
export function renameLink(link: HTMLElement, name: string, short = name): void {
  setAttribute(link, 'title', name);
  const shown = shownTexts(name, short);
  if (link.children.length !== shown.length) link.replaceChildren(...shownName(name, short));
  else for (const [i, text] of shown.entries()) setText(link.children[i]!, text);
}

/** Characters of a name in so many CSS pixels, about. */
export function charactersIn(width: number): number {
  return Math.max(8, Math.floor(width / 6.9));
}
