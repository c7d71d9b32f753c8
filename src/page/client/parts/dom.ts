/** Attributes, `class`, and listeners (`onclick`) of a new element. */
export type Properties = Readonly<Record<string, string | number | boolean | EventListener | undefined>>;

type Child = Node | string | undefined;

/** A new element. Strings among the children become text, never markup. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setProperties(element, properties);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg(tag: string, properties: Properties = {}, ...children: readonly Child[]): SVGElement {
  const element = document.createElementNS(SVG, tag);
  setProperties(element, properties);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

function setProperties(element: Element, properties: Properties): void {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/**
 * Set an element's text only when it differs: a screen reader then hears only what changed. The text that is there changes,
 * or a browser would find styles anew.
 */
export function setText(element: Element, text: string): void {
  const { firstChild } = element;
  if (element.textContent === text) return;
  if (firstChild instanceof Text && firstChild === element.lastChild) firstChild.data = text;
  else element.textContent = text;
}

/** Set an attribute, or take it away (`false`), only where that changes it: a browser finds the styles anew of what it is set on. */
export function setAttribute(element: Element, name: string, value: string | number | boolean): void {
  const text = value === true ? '' : String(value);
  if (value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Set custom properties and styles, where they differ, from code: the page's policy allows no style in markup. */
export function setStyle(element: HTMLElement | SVGElement, styles: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(styles)) {
    if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
  }
}
