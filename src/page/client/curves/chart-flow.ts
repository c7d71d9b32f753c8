import { el, setStyle } from '../parts/dom.js';
import type { Size } from '../parts/sizes.js';
import type { View } from '../state/view.js';

const COLUMNS = 12;
/** CSS pixels from which so many charts fit beside each other. */
const WIDTHS = [720, 1080] as const;

/**
 * How many charts stand in each row, `most` of them at most: the large ones first, and no row that is half empty. A single
 * small one stands beside the large ones.
 */
export function chartRows(large: number, small: number, most: number): readonly number[] {
  if (small === 1 && large > 0 && large < most) return [large + 1];
  return [...evenly(large, most), ...evenly(small, most)];
}

/** Rows as equal as may be; those with fewer, larger charts first. */
function evenly(count: number, most: number): number[] {
  const rows = Math.ceil(count / most);
  const longer = count % Math.max(1, rows);
  return Array.from({ length: rows }, (_, row) => Math.floor(count / rows) + (row >= rows - longer ? 1 : 0));
}

/** A chart that has a place where there is something to be seen of it. */
export interface Placed {
  readonly root: HTMLElement;
  readonly isShown: boolean;
}

/** Charts in rows that are always full. */
export class ChartFlow {
  readonly root = el('div', { class: 'chart-flow' });

  readonly #size: Size;

  constructor(view: View) {
    this.#size = view.sizes.of(this.root, { widthOnly: true });
  }

  /** The charts in their order, the large ones first; those of which nothing is seen take no place. */
  update(large: readonly Placed[], small: readonly Placed[]): void {
    const all = [...large, ...small].map(({ root }) => root);
    // One that fills the window stays there: it is put into its place when it has come back.
    if (all.some((chart) => chart.closest('dialog'))) return;
    if (all.some((chart, i) => chart !== this.root.children[i])) this.root.replaceChildren(...all);
    if (this.#size.width > 0) this.#arrange(large.filter(isShown), small.filter(isShown));
  }

  #arrange(large: readonly Placed[], small: readonly Placed[]): void {
    const most = 1 + WIDTHS.filter((width) => this.#size.width >= width).length;
    const rows = chartRows(large.length, small.length, most);
    const spans = rows.flatMap((count) => new Array<number>(count).fill(COLUMNS / count));
    for (const [i, { root }] of [...large, ...small].entries()) setStyle(root, { 'grid-column': `span ${spans[i]}` });
  }
}

function isShown({ isShown }: Placed): boolean {
  return isShown;
}
