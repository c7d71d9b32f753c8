import { el, setText } from './dom.js';

const region = el('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
document.body.append(region);

/** Have a screen reader say what the keyboard has just moved to. */
export function announce(text: string): void {
  setText(region, text);
}
