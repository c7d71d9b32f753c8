export interface SizeOptions {
  /** Whether only the width matters: what is drawn decides the height. */
  readonly widthOnly?: boolean;
  /** Told when it is another one. */
  readonly onChange: () => void;
  /** Whether the element is laid out for paper now: nobody tells of the sizes there. */
  readonly isPrinted: () => boolean;
  readonly signal: AbortSignal;
}

/** How large an element is, in CSS pixels: kept, as a browser that is asked has to lay out the page at once. */
export class Size {
  #width = 0;
  #height = 0;

  constructor(
    private readonly element: Element,
    private readonly options: SizeOptions,
  ) {
    const observer = new ResizeObserver((entries) => this.#take(entries.at(-1)!.contentRect));
    observer.observe(element);
    options.signal.addEventListener('abort', () => observer.disconnect());
  }

  /** As it was shown last; 0 until it is first. */
  get width(): number {
    return this.options.isPrinted() ? this.element.clientWidth : this.#width;
  }

  get height(): number {
    return this.options.isPrinted() ? this.element.clientHeight : this.#height;
  }

  #take(rect: DOMRectReadOnly): void {
    const [width, height] = [Math.round(rect.width), Math.round(rect.height)];
    if (width === 0) return;
    const { widthOnly = false, onChange } = this.options;
    const isOther = width !== this.#width || (!widthOnly && height !== this.#height);
    this.#width = width;
    this.#height = height;
    if (isOther) onChange();
  }
}
