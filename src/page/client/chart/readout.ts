import { el, setAttribute, setStyle } from '../parts/dom.js';
import type { Line } from './line.js';
import type { Box } from './pen.js';
import { swatchOf } from './swatch.js';

export interface Reading {
  readonly line: Line;
  readonly value: number;
  readonly text: string;
  /** Of several runs, when its own was there, where the axis does not say that. */
  readonly when?: string | undefined;
}

/** What is said at a place of the chart. */
export interface Readings {
  readonly readings: readonly Reading[];
  /** The line that is pointed at. */
  readonly nearest: Line | undefined;
  /** Where the cursor is, within what the readout lies in. */
  readonly x: number;
  readonly box: Box;
}

/** With more lines, those around the one that is pointed at are said. */
const MOST = 14;

/** What all lines are at the cursor, beside it: when, and the values, the greatest first. */
export class Readout {
  readonly root = el('div', { class: 'plot-readout', 'aria-hidden': 'true', hidden: true });

  hide(): void {
    setAttribute(this.root, 'hidden', true);
  }

  show([title = '', ...notes]: readonly string[], { readings, nearest, x, box }: Readings): void {
    const sorted = sortedReadings(readings);
    const [from, to] = windowAround(
      sorted.findIndex(({ line }) => line === nearest),
      sorted.length,
    );
    const rows = [
      ...moreRow(from, 'above'),
      ...sorted.slice(from, to).map((reading) => readingRow(reading, reading.line === nearest)),
      ...moreRow(sorted.length - to, 'below'),
    ];
    this.root.replaceChildren(
      el('strong', {}, title),
      ...(notes.length > 0 ? [el('span', { class: 'hint' }, notes.join(' · '))] : []),
      el('ul', {}, ...rows),
    );
    setAttribute(this.root, 'hidden', false);
    // On the side where there is more room: to ask how wide it is, the page would have to be laid out.
    setAttribute(this.root, 'data-side', x < box.left + box.width / 2 ? 'right' : 'left');
    setStyle(this.root, { '--x': `${x}px`, top: `${box.top + 4}px` });
  }
}

function readingRow({ line, text, when }: Reading, isNearest: boolean): HTMLElement {
  const label = el('bdi', { class: 'label' }, line.label);
  const value = el('span', { class: 'value' }, text);
  const time = when === undefined ? undefined : el('span', { class: 'time' }, when);
  return el('li', { class: isNearest && 'nearest' }, swatchOf(line), label, value, time);
}

function moreRow(count: number, where: string): readonly HTMLElement[] {
  return count > 0 ? [el('li', { class: 'more' }, `${count} more ${where}`)] : [];
}

/** The first of so many that are shown, and the one after the last: with what is pointed at in the middle, else from the first. */
export function windowAround(index: number, count: number): readonly [from: number, to: number] {
  const from = Math.max(0, Math.min(index - MOST / 2, count - MOST));
  return [from, Math.min(count, from + MOST)];
}

/** The greatest first; what is no number last. */
export function sortedReadings<T extends Pick<Reading, 'value'>>(readings: readonly T[]): T[] {
  const rank = (value: number) => (Number.isNaN(value) ? -Infinity : value);
  return [...readings].sort((a, b) => (rank(b.value) === rank(a.value) ? 0 : rank(b.value) - rank(a.value)));
}
