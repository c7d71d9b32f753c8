import { el } from './dom.js';

export interface Menu {
  readonly root: HTMLDetailsElement;
  readonly body: HTMLElement;
  close(): void;
}

/** What opens under a button. Escape, and a click elsewhere, close it. */
export function menuOf(options: { readonly label: string; readonly name: string; readonly className: string }): Menu {
  const { label, name, className } = options;
  const summary = el('summary', { class: className, 'aria-label': name, title: name }, label);
  const body = el('div', { class: 'menu-body' });
  const root = el('details', { class: 'menu' }, summary, body);
  const close = () => {
    root.open = false;
  };
  root.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !root.open) return;
    event.preventDefault();
    event.stopPropagation();
    close();
    summary.focus();
  });
  root.addEventListener('focusout', ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && root.contains(relatedTarget))) close();
  });
  return { root, body, close };
}
