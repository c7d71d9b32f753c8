import { svg } from '../parts/dom.js';
import type { Look } from './line.js';

/** A piece of a line as it looks, beside its name. */
export function swatchOf({ color, dash }: Pick<Look, 'color' | 'dash'>): SVGElement {
  const size = { width: 18, height: 8, viewBox: '0 0 18 8' };
  const look = { stroke: color, 'stroke-width': 2.5, 'stroke-dasharray': dash?.join(' ') };
  return svg('svg', { ...size, class: 'line-swatch', 'aria-hidden': 'true' }, svg('path', { d: 'M0 4h18', ...look }));
}
