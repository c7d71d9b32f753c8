import { el } from '../parts/dom.js';
import type { Canvas } from './canvas.js';
import { cleared, pixelsOf } from './canvas-pen.js';

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
  showOn(canvas: Canvas, width: number, height: number): void {
    const [across, down] = pixelsOf(width, height);
    const ctx = canvas.begin(width, height);
    ctx.drawImage(this.#canvas, 0, 0, across, down, 0, 0, width, height);
  }
}
