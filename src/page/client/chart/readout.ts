import { el, setStyle } from '../parts/dom.js';
import type { Line } from './line.js';
import type { Box } from './pen.js';
import { swatchOf } from './swatch.js';

export interface Reading {
  readonly line: Line;
  readonly value: number;
  readonly text: string;
}

/** With more lines, the greatest and the least few are said. */
const MOST = 14;

/** What all lines are at the cursor, beside it: when, and the values, the greatest first. */
export class Readout {
  readonly root = el('div', { class: 'plot-readout', 'aria-hidden': 'true', hidden: true });

  hide(): void {
    this.root.hidden = true;
  }

  /** `x` is where the cursor is, within what the readout lies in. */
  show([title = '', ...notes]: readonly string[], readings: readonly Reading[], x: number, box: Box): void {
    const sorted = sortedReadings(readings);
    const shown = sorted.length > MOST ? [...sorted.slice(0, MOST / 2), ...sorted.slice(-MOST / 2)] : sorted;
    const more = sorted.length - shown.length;
    const rows = shown.map(({ line, text }) =>
      el('li', {}, swatchOf(line), el('bdi', { class: 'label' }, line.label), el('span', { class: 'value' }, text)),
    );
    if (more > 0) rows.splice(MOST / 2, 0, el('li', { class: 'more' }, `${more} more between`));
    this.root.replaceChildren(
      el('strong', {}, title),
      ...(notes.length > 0 ? [el('span', { class: 'hint' }, notes.join(' · '))] : []),
      el('ul', {}, ...rows),
    );
    this.root.hidden = false;
    // On the side where there is more room: to ask how wide it is, the page would have to be laid out.
    const isLeft = x < box.left + box.width / 2;
    setStyle(this.root, {
      left: isLeft ? `${x + 14}px` : 'auto',
      right: isLeft ? 'auto' : `calc(100% - ${x - 14}px)`,
      top: `${box.top + 4}px`,
    });
  }
}

/** The greatest first; what is no number last. */
export function sortedReadings<T extends Pick<Reading, 'value'>>(readings: readonly T[]): T[] {
  const rank = (value: number) => (Number.isNaN(value) ? -Infinity : value);
  return [...readings].sort((a, b) => (rank(b.value) === rank(a.value) ? 0 : rank(b.value) - rank(a.value)));
}
