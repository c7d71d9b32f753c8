import { isSkipped } from './sight.js';

export interface SizesOptions {
  /** Told when an element has another size than before, or its first; another width changes more than the element itself. */
  readonly onChange: (change: { readonly ofWidth: boolean; readonly isFirst: boolean }) => void;
  /** Whether the page is laid out for paper now: nobody tells of the sizes there. */
  readonly isPrinted: () => boolean;
  readonly signal: AbortSignal;
}

/** How large an element is, in CSS pixels, as it was shown last; 0 until it is first. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Kept {
  width: number;
  height: number;
  /** What is drawn decides the height. */
  readonly widthOnly: boolean;
  /** Whether something was drawn without it. */
  isAwaited: boolean;
}

/** Sizes of elements: kept, as a browser that is asked for one has to lay out the page at once. */
export class Sizes {
  readonly #kept = new Map<Element, Kept>();
  readonly #observer = new ResizeObserver((entries) => this.#take(entries));

  constructor(private readonly options: SizesOptions) {
    options.signal.addEventListener('abort', () => this.#observer.disconnect());
  }

  of(element: Element, { widthOnly = false }: Partial<Pick<Kept, 'widthOnly'>> = {}): Size {
    const kept = { width: 0, height: 0, widthOnly, isAwaited: false };
    this.#kept.set(element, kept);
    this.#observer.observe(element);
    const look = () => this.#look(element, kept);
    return {
      get width() {
        return look().width;
      },
      get height() {
        return look().height;
      },
    };
  }

  #look(element: Element, kept: Kept): Size {
    if (this.options.isPrinted()) return sizeOf(element);
    if (kept.width === 0) this.#measureNew();
    kept.isAwaited = kept.width === 0;
    return kept;
  }

  /** All that are not known at once: that lays out the page once. */
  #measureNew(): void {
    for (const [element, kept] of this.#kept) {
      if (kept.width === 0 && !isSkipped(element)) Object.assign(kept, sizeOf(element));
    }
  }

  #take(entries: readonly ResizeObserverEntry[]): void {
    let [ofWidth, ofHeight, isFirst] = [false, false, true];
    for (const { target } of entries) {
      const kept = this.#kept.get(target)!;
      const { width, height } = sizeOf(target);
      // What is hidden keeps its size.
      if (width === 0) continue;
      const isDrawn = kept.width > 0 || kept.isAwaited;
      ofWidth ||= isDrawn && width !== kept.width;
      ofHeight ||= isDrawn && !kept.widthOnly && height !== kept.height;
      isFirst &&= kept.width === 0;
      Object.assign(kept, { width, height });
    }
    if (ofWidth || ofHeight) this.options.onChange({ ofWidth, isFirst });
  }
}

function sizeOf({ clientWidth, clientHeight }: Element): Size {
  return { width: clientWidth, height: clientHeight };
}
