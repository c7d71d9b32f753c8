import { el, setAttribute, setStyle } from '../parts/dom.js';
import type { View } from '../state/view.js';
import { axisOf, type TimeAxis } from './axis.js';
import { fitted, panned, pinched, type StepRange, zoomedBy } from './zoom.js';

/** Of a drag that is shorter, in pixels, a person meant a click. */
const LEAST_DRAG = 4;
const KEY_ZOOM = 0.7;
const KEY_PAN = 0.2;
/** How much 100 pixels of a wheel zoom. */
const WHEEL_ZOOM = 1.35;

/**
 * Looking at a part of the steps: by a drag, a wheel, two fingers and keys. A page that scrolls keeps scrolling: a wheel
 * zooms with ctrl or shift, or where the chart has the focus; one finger reads values.
 */
export class Gestures {
  readonly #selection = el('div', { class: 'plot-select', hidden: true });
  readonly #fingers = new Map<number, number>();
  #held: StepRange | undefined;
  /** Where a drag began, as a share of the axis. */
  #dragFrom: number | undefined;

  constructor(
    private readonly view: View,
    /** The area of the lines. */
    private readonly area: HTMLElement,
    /** Has the focus. */
    private readonly focusable: HTMLElement,
    /** Told where on the axis is pointed at, and how far below the top of the area. */
    private readonly onPoint: (place: number | undefined, height?: number) => void,
  ) {
    area.append(this.#selection);
    area.addEventListener('pointerdown', (event) => this.#down(event));
    area.addEventListener('pointermove', (event) => this.#move(event));
    for (const type of ['pointerup', 'pointercancel'] as const) area.addEventListener(type, (event) => this.#up(event));
    area.addEventListener('pointerleave', ({ pointerType }) => {
      if (pointerType !== 'touch' && this.#dragFrom === undefined) this.onPoint(undefined);
    });
    area.addEventListener('dblclick', () => view.zoom(undefined));
    area.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    focusable.addEventListener('keydown', (event) => this.#key(event));
  }

  get #axis(): TimeAxis {
    return axisOf(this.view);
  }

  #share(clientX: number): number {
    const { left, width } = this.area.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / width));
  }

  #point({ clientX, clientY }: PointerEvent): void {
    this.onPoint(this.#axis.placeAt(this.#share(clientX)), clientY - this.area.getBoundingClientRect().top);
  }

  #down(event: PointerEvent): void {
    const { pointerType, pointerId, button, clientX } = event;
    const share = this.#share(clientX);
    if (pointerType === 'touch') {
      this.#fingers.set(pointerId, share);
      const [one, other] = this.#shares;
      this.#held = other === undefined ? undefined : [this.#axis.placeAt(one!), this.#axis.placeAt(other)];
      if (this.#held) this.onPoint(undefined);
      else this.#point(event);
    } else if (button === 0) {
      this.area.setPointerCapture(pointerId);
      this.#dragFrom = share;
    }
  }

  #move(event: PointerEvent): void {
    const { pointerId, clientX } = event;
    const share = this.#share(clientX);
    if (this.#fingers.has(pointerId)) this.#fingers.set(pointerId, share);
    const [one, other] = this.#shares;
    if (this.#held && one !== undefined && other !== undefined && Math.abs(one - other) > 0.02) {
      this.#show(pinched(this.#held, [one, other]));
      return;
    }
    if (this.#dragFrom !== undefined) this.#select(this.#dragFrom, share);
    if (!this.#held) this.#point(event);
  }

  #up({ type, pointerId, clientX }: PointerEvent): void {
    this.#fingers.delete(pointerId);
    if (this.#fingers.size < 2) this.#held = undefined;
    const from = this.#dragFrom;
    this.#dragFrom = undefined;
    setAttribute(this.#selection, 'hidden', true);
    if (from === undefined || type === 'pointercancel') return;
    const to = this.#share(clientX);
    if (Math.abs(to - from) * this.area.clientWidth < LEAST_DRAG) return;
    const [first, last] = this.#axis.steps(
      this.#axis.placeAt(Math.min(from, to)),
      this.#axis.placeAt(Math.max(from, to)),
    );
    this.view.zoom(fitted([Math.floor(first), Math.ceil(last)], this.view.whole));
  }

  get #shares(): number[] {
    return [...this.#fingers.values()];
  }

  #select(from: number, to: number): void {
    setAttribute(this.#selection, 'hidden', false);
    setStyle(this.#selection, {
      left: `${100 * Math.min(from, to)}%`,
      width: `${100 * Math.abs(to - from)}%`,
    });
  }

  #wheel(event: WheelEvent): void {
    const { ctrlKey, shiftKey, deltaX, deltaY, deltaMode, clientX } = event;
    if (!ctrlKey && !shiftKey && !this.#hasFocus) return;
    const pixels = (deltaY || deltaX) * (deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1);
    // All is seen: a wheel that asks for more scrolls.
    if (pixels > 0 && !this.view.choices.range && !ctrlKey) return;
    event.preventDefault();
    // The touchpad's pinch is a wheel with ctrl, and finer.
    const speed = ctrlKey && Math.abs(pixels) < 50 ? 4 : 1;
    this.#zoomBy(WHEEL_ZOOM ** ((speed * pixels) / 100), this.#share(clientX));
  }

  get #hasFocus(): boolean {
    return (this.focusable.getRootNode() as Document | ShadowRoot).activeElement === this.focusable;
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Readonly<Record<string, () => void>> = {
      '+': () => this.#zoomBy(KEY_ZOOM),
      '=': () => this.#zoomBy(KEY_ZOOM),
      '-': () => this.#zoomBy(1 / KEY_ZOOM),
      '0': () => this.view.zoom(undefined),
      ...(event.shiftKey && {
        ArrowLeft: () => this.#show(panned(this.view.domain, -KEY_PAN)),
        ArrowRight: () => this.#show(panned(this.view.domain, KEY_PAN)),
      }),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
    const [from, to] = this.view.domain;
    this.view.announce(`Steps ${from} to ${to}`);
  }

  /** Around the cursor, or the middle where there is none in view. */
  #zoomBy(factor: number, share?: number): void {
    const { place } = this.view.cursor;
    const at = share ?? (place === undefined ? 0.5 : this.#axis.share(place));
    const [from, to] = zoomedBy([this.#axis.min, this.#axis.max], factor, at >= 0 && at <= 1 ? at : 0.5);
    this.#show([from, to]);
  }

  #show(places: StepRange): void {
    this.view.zoom(fitted(this.#axis.steps(...places), this.view.whole));
  }
}
