import { el, type Properties, setStyle } from '../parts/dom.js';
import { type CanvasContext, cleared, pixelsOf } from './canvas-pen.js';

/**
 * A canvas of the page. The browser is handed its picture when one is drawn: that of a canvas which is drawn on itself is
 * copied anew with whatever else changes on the page.
 */
export class Canvas {
  readonly root: HTMLCanvasElement;
  readonly #surface: OffscreenCanvas;

  constructor(properties: Properties = {}) {
    this.root = el('canvas', properties);
    this.#surface = this.root.transferControlToOffscreen();
  }

  /** Of this size, sharp, empty, and to be drawn on in CSS pixels. */
  begin(width: number, height: number): CanvasContext {
    const [across, down] = pixelsOf(width, height);
    this.#resize(across, down);
    setStyle(this.root, { width: `${width}px`, height: `${height}px` });
    return cleared(this.#surface.getContext('2d')!, across, down);
  }

  /** Show these pixels, stretched as the style sheet says. */
  put(image: ImageData): void {
    this.#resize(image.width, image.height);
    this.#surface.getContext('2d')!.putImageData(image, 0, 0);
  }

  #resize(across: number, down: number): void {
    const surface = this.#surface;
    if (surface.width !== across) surface.width = across;
    if (surface.height !== down) surface.height = down;
  }
}
