const SKIPPED = 'skipped';

/** Have the browser skip what a part holds, but for its head, or no longer. */
export function skip(root: HTMLElement, skipped: boolean): void {
  root.classList.toggle(SKIPPED, skipped);
  if (skipped) root.tabIndex = 0;
  // What has the focus would lose it.
  else if (root.matches(':focus')) root.tabIndex = -1;
  else root.removeAttribute('tabindex');
}

/** Whether an element is skipped, or lies in what is: it has no size then. */
export function isSkipped(element: Element): boolean {
  return element.closest(`.${SKIPPED}`) !== null;
}
