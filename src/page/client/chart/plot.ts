import { el, setAttribute, setStyle } from '../parts/dom.js';
import type { Size } from '../parts/sizes.js';
import type { Work } from '../parts/slices.js';
import type { View } from '../state/view.js';
import { Canvas } from './canvas.js';
import { CanvasPen } from './canvas-pen.js';
import { type ChartPicture, drawChartInPieces, PLOT_MARGINS, plotBox, xOf, yOf } from './chart-picture.js';
import { nearestIndex } from './drawn-line.js';
import { Gestures } from './gestures.js';
import type { Box } from './pen.js';

/** A chart on the screen: its picture, and over it the cursor. */
export class Plot {
  readonly root = el('div', { class: 'plot', tabindex: 0, role: 'img' });
  readonly #canvas = new Canvas();
  /** There only while something is pointed at: the browser lays every canvas over the page anew, an empty one too. */
  readonly #over = new Canvas({ class: 'plot-cursor', hidden: true });
  readonly area = el('div', { class: 'plot-area' });
  /** In CSS pixels. */
  readonly size: Size;
  #picture: ChartPicture | undefined;

  constructor(
    private readonly view: View,
    height: number,
  ) {
    setStyle(this.root, { '--height': `${height}px` });
    // Whatever size the chart has, also before it is drawn anew.
    for (const [edge, margin] of Object.entries(PLOT_MARGINS)) setStyle(this.area, { [edge]: `${margin}px` });
    this.root.append(this.area, this.#canvas.root, this.#over.root);
    new Gestures(view, this.area, this.root, (place, height) => view.cursor.move(place, this, height));
    this.size = view.sizes.of(this.root);
  }

  get box(): Box {
    return plotBox(this.size.width, this.size.height);
  }

  /** Nothing is drawn until it has a size. What was there before is seen until all is there. */
  *draw(picture: ChartPicture): Work {
    this.#picture = picture;
    const { box, size, view } = this;
    const { width, height } = size;
    if (width === 0) return;
    const pen = new CanvasPen(view.sketch.begin(width, height), view.theme.color('--font'));
    yield* drawChartInPieces(pen, view.theme, box, picture);
    view.sketch.showOn(this.#canvas, width, height);
    this.drawCursor();
  }

  /** A line where is pointed at, and a dot on each line there. */
  drawCursor(): void {
    const picture = this.#picture;
    if (!picture) return;
    const { box, view } = this;
    const { place } = view.cursor;
    const share = place === undefined ? -1 : picture.axis.share(place);
    const isOver = share >= 0 && share <= 1;
    setAttribute(this.#over.root, 'hidden', !isOver);
    if (place === undefined || !isOver) return;
    const { width, height } = this.size;
    const pen = new CanvasPen(this.#over.begin(width, height), view.theme.color('--font'));
    const x = Math.round(xOf(box, picture, place)) + 0.5;
    pen.line([x, box.top, x, box.top + box.height], { color: view.theme.color('--muted'), width: 1, dash: [3, 3] });
    pen.within({ ...box, left: box.left - 4, width: box.width + 8 }, () => {
      for (const drawn of picture.lines) {
        const index = nearestIndex(drawn, place);
        if (index < 0) continue;
        const at = [xOf(box, picture, drawn.places[index]!), yOf(box, picture, drawn.values[index]!)];
        if (Number.isNaN(at[1]!)) continue;
        pen.dots(at, 4.5, { color: view.theme.color('--card') });
        pen.dots(at, 3.25, { color: drawn.line.color });
      }
    });
  }
}
