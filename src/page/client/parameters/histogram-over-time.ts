import type { MagnitudeHistogram } from '../../../parameters/index.js';
import { setAttribute, svg } from '../parts/dom.js';
import { tick, whole } from '../parts/format.js';
import { elementsOf, middleText } from './histogram-words.js';

/** A histogram and when it was. */
export interface Moment {
  readonly step: number;
  readonly histogram: MagnitudeHistogram;
}

const WIDTH = 480;
const LEFT = 44;
const TOP = 14;
const PLOT = 150;
const ZEROS = 10;
const AXIS = 18;
const HEIGHT = TOP + PLOT + ZEROS + 2 + AXIS;

/** Magnitudes over the steps: the darker a cell, the more of the elements have that power of two at that step. */
export class HistogramOverTime {
  readonly root = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    class: 'histogram over-time',
    role: 'img',
    'aria-label': 'Magnitudes over the steps',
  });
  #drawn = '';

  /** `key` tells the moments from those that were drawn before; a picture of the same is not made again. */
  draw(key: string, title: string, moments: readonly Moment[]): void {
    const all = `${key} ${moments.length} ${moments.at(-1)?.step}`;
    if (all === this.#drawn) return;
    this.#drawn = all;
    const range = rangeOf(moments);
    this.root.toggleAttribute('hidden', moments.length < 2 || !range);
    if (!range || moments.length < 2) return;
    this.root.replaceChildren(...cells(moments, range), ...labels(moments, range));
    setAttribute(this.root, 'aria-label', summary(title, moments));
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function rangeOf(moments: readonly Moment[]): Range | undefined {
  const counted = moments.map(({ histogram }) => histogram).filter(({ counts }) => counts.length > 0);
  if (counted.length === 0) return undefined;
  return {
    from: Math.min(...counted.map(({ firstExponent }) => firstExponent)),
    to: Math.max(...counted.map(({ firstExponent, counts }) => firstExponent + counts.length)),
  };
}

/** Each moment lasts until the next. */
function cells(moments: readonly Moment[], { from, to }: Range): SVGElement[] {
  const most = Math.max(
    ...moments.flatMap(({ histogram }) => histogram.counts.map((count) => count / elementsOf(histogram))),
  );
  const height = PLOT / (to - from);
  return moments.flatMap(({ histogram }, i) => {
    const size = elementsOf(histogram);
    const x = LEFT + ((WIDTH - LEFT) * i) / moments.length;
    const width = (WIDTH - LEFT) / moments.length + 0.4;
    const cell = (share: number, y: number, tall: number) =>
      share > 0
        ? [svg('rect', { class: 'cell', x, y, width, height: tall, 'fill-opacity': opacity(share / most) })]
        : [];
    return [
      ...histogram.counts.flatMap((count, j) =>
        cell(count / size, TOP + (to - (histogram.firstExponent + j) - 1) * height, height + 0.4),
      ),
      ...cell(Math.min(most, histogram.zeros / size), TOP + PLOT + 2, ZEROS),
    ];
  });
}

/** By the root, so that what few elements have is seen too. */
function opacity(share: number): string {
  return (0.06 + 0.94 * Math.sqrt(Math.min(1, share))).toFixed(2);
}

function labels(moments: readonly Moment[], { from, to }: Range): SVGElement[] {
  const text = (x: number, y: number, anchor: string, content: string) =>
    svg('text', { x, y, 'text-anchor': anchor }, content);
  const every = Math.max(1, Math.ceil(((to - from) * Math.log10(2)) / 6));
  const powers: SVGElement[] = [];
  for (let power = Math.ceil(from * Math.log10(2)); power <= to * Math.log10(2); power += every) {
    const y = TOP + ((to - power / Math.log10(2)) / (to - from)) * PLOT;
    powers.push(text(LEFT - 6, y + 4, 'end', tick(10 ** power)));
  }
  return [
    ...powers.filter((label) => Number(label.getAttribute('y')) < TOP + PLOT - 2),
    text(LEFT - 6, TOP + PLOT + ZEROS + 2, 'end', '0'),
    text(LEFT, HEIGHT - 4, 'start', `step ${whole(moments[0]!.step)}`),
    text(WIDTH, HEIGHT - 4, 'end', `step ${whole(moments.at(-1)!.step)}`),
  ];
}

function summary(title: string, moments: readonly Moment[]): string {
  const [first, last] = [moments[0]!, moments.at(-1)!];
  return `${title} over the steps ${whole(first.step)} to ${whole(last.step)}. At first ${middleText(first.histogram)}; at last ${middleText(last.histogram)}`;
}
