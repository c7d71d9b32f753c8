import { el } from './dom.js';

export interface Panel {
  readonly root: HTMLElement;
  readonly body: HTMLElement;
  /** Right of the title. */
  readonly tools: HTMLElement;
}

let panels = 0;

/** A titled region of the page. */
export function panel(title: string, { hint, wide = false }: { hint?: string; wide?: boolean } = {}): Panel {
  const id = `panel-${panels++}`;
  const tools = el('div', { class: 'panel-tools' });
  const body = el('div', { class: 'panel-body' });
  const root = el(
    'section',
    { class: wide ? 'panel wide' : 'panel', 'aria-labelledby': id },
    el(
      'div',
      { class: 'panel-head' },
      el('h2', { id }, title),
      hint ? el('p', { class: 'hint' }, hint) : undefined,
      tools,
    ),
    body,
  );
  return { root, body, tools };
}
