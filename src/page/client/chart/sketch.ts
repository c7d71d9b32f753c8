import { el } from '../parts/dom.js';
import { cleared, pixelsOf } from './canvas-pen.js';
import type { Screen } from './screen.js';

/** A canvas that nobody sees, on which something is drawn in pieces before it is shown all at once. */
export class Sketch {
  readonly #canvas = el('canvas', {});

  /** Empty, for a picture of this size in CSS pixels. It only grows: a browser takes long to make a canvas of another size. */
  begin(width: number, height: number): CanvasRenderingContext2D {
    const [across, down] = pixelsOf(width, height);
    const canvas = this.#canvas;
    if (canvas.width < across) canvas.width = across;
    if (canvas.height < down) canvas.height = down;
    return cleared(canvas.getContext('2d')!, across, down);
  }

  /** Show the picture, at its size. */
  showOn(screen: Screen, width: number, height: number): void {
    const [across, down] = pixelsOf(width, height);
    const ctx = screen.begin(width, height);
    ctx.drawImage(this.#canvas, 0, 0, across, down, 0, 0, width, height);
  }
}
