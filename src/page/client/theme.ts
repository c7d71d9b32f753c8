import { el } from './dom.js';

type Theme = 'light' | 'dark';

const KEY = 'trainscope-theme';
const listeners = new Set<() => void>();
const systemDark = matchMedia('(prefers-color-scheme: dark)');
let chosen = stored();
apply();

systemDark.addEventListener('change', () => {
  if (!chosen) changed();
});

/** The theme that is shown: the chosen one, else the system's. */
export function theme(): Theme {
  return chosen ?? (systemDark.matches ? 'dark' : 'light');
}

/** Called after the theme has changed. */
export function onTheme(listener: () => void): void {
  listeners.add(listener);
}

export function themeToggle(): HTMLElement {
  const button = el('button', { class: 'icon-button', type: 'button', onclick: toggle });
  const show = () => {
    const next = theme() === 'dark' ? 'light' : 'dark';
    button.textContent = next === 'dark' ? '☾' : '☀';
    button.setAttribute('aria-label', `Use the ${next} theme`);
    button.setAttribute('title', `Use the ${next} theme`);
  };
  show();
  onTheme(show);
  return button;
}

const colors = new Map<string, string>();

/** The value of a colour of the style sheet, such as `--muted`, in the theme that is shown. */
export function color(name: string): string {
  let value = colors.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    colors.set(name, value);
  }
  return value;
}

function toggle(): void {
  chosen = theme() === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // A page from a file may have no storage: the choice then lasts as long as the page.
  }
  changed();
}

function changed(): void {
  apply();
  colors.clear();
  for (const listener of listeners) listener();
}

function apply(): void {
  document.documentElement.dataset.theme = theme();
}

function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : undefined;
  } catch {
    return undefined;
  }
}
