import { plain } from '../events/index.js';
import type { Point } from './thin-out.js';

export const TEXT = '#333';
export const FAINT = '#e6e6e6';
/** The attributes of a drawing's text. */
export const FONT = `font-family="DejaVu Sans, Verdana, sans-serif" font-size="12" fill="${TEXT}"`;

/** The path of a line through points. */
export function pathOf(points: readonly Point[]): string {
  if (points.length === 0) return '';
  const [first, ...others] = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
  // A single point is a line of no length, which round ends make a dot.
  return `M${first}${others.length > 0 ? `L${others.join(' ')}` : 'h0'}`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text that stays text in XML, whatever it holds. */
export function escaped(text: string): string {
  return plain(text).replaceAll(/[&<>"]/g, (character) => ENTITIES[character]!);
}
