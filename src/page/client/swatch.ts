import { svg } from './dom.js';

/** A piece of a line as it looks, beside its name. */
export function swatchOf({ color, dash }: { readonly color: string; readonly dash?: readonly number[] }): SVGElement {
  const look = { stroke: color, 'stroke-width': 3, ...(dash && { 'stroke-dasharray': dash.join(' ') }) };
  const size = { class: 'line-swatch', viewBox: '0 0 18 4', width: 18, height: 4, 'aria-hidden': 'true' };
  return svg('svg', size, svg('path', { d: 'M0 2h18', ...look }));
}
