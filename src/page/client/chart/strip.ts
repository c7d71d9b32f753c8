import { runLines } from '../curves/lines.js';
import { el, setAttribute, setStyle } from '../parts/dom.js';
import { whole } from '../parts/format.js';
import type { Size } from '../parts/sizes.js';
import { PAUSE, TURN, type Work } from '../parts/slices.js';
import type { View } from '../state/view.js';
import { TimeAxis } from './axis.js';
import { Canvas } from './canvas.js';
import { CanvasPen } from './canvas-pen.js';
import { drawnLine, valuesInView } from './drawn-line.js';
import { heightOf, valueScale } from './value-scale.js';
import { fitted, panned, type StepRange } from './zoom.js';

const HEIGHT = 28;
/** Room above and below the lines. */
const EDGE = 4;
/** Drawn at a stretch. */
const POINTS = 250;
const KEY_STEP = 0.01;
const KEY_JUMP = 0.1;

type Edge = 0 | 1;

/** The whole of the runs, small, and in it the part that the charts show: to be moved, and made longer or shorter. */
export class Strip {
  readonly root = el('div', { class: 'range-strip' });
  readonly #canvas = new Canvas({ 'aria-hidden': 'true' });
  readonly #window = el('div', { class: 'range-window' });
  readonly #handles: readonly [HTMLElement, HTMLElement];
  readonly #isSeen: () => boolean;
  readonly #size: Size;
  #isNew = true;

  constructor(private readonly view: View) {
    this.#handles = [this.#handle(0, 'First step shown'), this.#handle(1, 'Last step shown')];
    this.root.append(this.#canvas.root, this.#window, ...this.#handles);
    this.#isSeen = view.watch(this.root);
    this.#size = view.sizes.of(this.root, { widthOnly: true });
    this.root.addEventListener('pointerdown', (event) => this.#begin(event));
    this.root.addEventListener('dblclick', () => view.zoom(undefined));
  }

  *update(): Work {
    if (this.#isNew) this.#drawNext();
    else if (this.#isSeen()) yield* this.#draw();
    const [first, last] = this.view.whole;
    const [from, to] = this.#shown;
    const share = (step: number) => `${(100 * (step - first)) / (last - first)}%`;
    setStyle(this.root, { '--from': share(from), '--to': share(to) });
    setAttribute(this.root, 'data-zoomed', String(this.view.choices.range !== undefined));
    for (const [edge, handle] of this.#handles.entries()) {
      const step = [from, to][edge]!;
      setAttribute(handle, 'aria-valuemin', String(first));
      setAttribute(handle, 'aria-valuemax', String(last));
      setAttribute(handle, 'aria-valuenow', String(step));
      setAttribute(handle, 'aria-valuetext', `step ${whole(step)} of ${whole(last)}`);
    }
  }

  /** The charts of a page that opens come first. */
  #drawNext(): void {
    this.#isNew = false;
    this.view.grown();
  }

  /** What is shown, as far as it is of the whole. */
  get #shown(): StepRange {
    const [first, last] = this.view.whole;
    const [from, to] = this.view.domain;
    return [Math.min(last, Math.max(first, from)), Math.min(last, Math.max(first, to))];
  }

  /** In pieces, on a canvas that nobody sees: what was there before is seen until all is there. */
  *#draw(): Work {
    const { view } = this;
    const { width } = this.#size;
    if (width === 0) return;
    const axis = new TimeAxis('step', view.runs, view.whole);
    const lines = runLines(view, 'loss', 'loss')
      .filter(({ run }) => !view.isHidden(run.name))
      .map((line) => drawnLine(line, axis, 0));
    yield;
    const scale = valueScale(
      lines.map((line) => valuesInView(line, axis, false)),
      false,
      true,
    );
    const pen = new CanvasPen(view.sketch.begin(width, HEIGHT), view.theme.color('--font'));
    yield;
    for (const { line, places, values } of lines) {
      const y = (value: number) => EDGE + (HEIGHT - 2 * EDGE) * (1 - Math.min(1, Math.max(0, heightOf(scale, value))));
      for (let from = 0; from < places.length; from += POINTS) {
        // Pieces have a point in common, or there would be a gap between them.
        const points = places
          .slice(from, from + POINTS + 1)
          .flatMap((place, i) => [axis.share(place) * width, y(values[from + i]!)]);
        pen.line(points, { color: line.color, width: 1 });
        yield view.place.embedded ? PAUSE : undefined;
      }
    }
    view.sketch.showOn(this.#canvas, width, HEIGHT);
    yield view.place.embedded ? TURN : undefined;
  }

  #handle(edge: Edge, label: string): HTMLElement {
    const handle = el('div', { class: `range-handle ${edge === 0 ? 'from' : 'to'}`, role: 'slider', tabindex: 0 });
    setAttribute(handle, 'aria-label', label);
    handle.addEventListener('keydown', (event) => this.#key(event, edge));
    return handle;
  }

  #key(event: KeyboardEvent, edge: Edge): void {
    const [first, last] = this.view.whole;
    const length = last - first;
    const at = this.#shown[edge];
    const step = Math.max(1, Math.round(length * KEY_STEP));
    const jump = Math.max(1, Math.round(length * KEY_JUMP));
    const targets: Readonly<Record<string, number>> = {
      ArrowLeft: at - step,
      ArrowDown: at - step,
      ArrowRight: at + step,
      ArrowUp: at + step,
      PageDown: at - jump,
      PageUp: at + jump,
      Home: first,
      End: last,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    if (event.shiftKey && event.key.startsWith('Arrow')) {
      this.view.zoom(fitted(panned(this.#shown, Math.sign(target - at) * KEY_JUMP), this.view.whole));
    } else this.#set(edge, target);
  }

  #set(edge: Edge, step: number): void {
    const [from, to] = this.#shown;
    const range: StepRange = edge === 0 ? [Math.min(step, to - 2), to] : [from, Math.max(step, from + 2)];
    this.view.zoom(fitted(range, this.view.whole));
  }

  /** A handle moves its edge, the window itself; beside it, or where all is shown, a new one is drawn. */
  #begin(event: PointerEvent): void {
    if (event.button !== 0) return;
    const { view } = this;
    const { left, width } = this.root.getBoundingClientRect();
    const [first, last] = view.whole;
    const stepAt = (clientX: number) => first + Math.min(1, Math.max(0, (clientX - left) / width)) * (last - first);
    const began = stepAt(event.clientX);
    const shown = this.#shown;
    const edge = (this.#handles as readonly (EventTarget | null)[]).indexOf(event.target);
    const isMoved = edge < 0 && view.choices.range !== undefined && began >= shown[0] && began <= shown[1];
    const drag = ({ clientX }: PointerEvent) => {
      const at = stepAt(clientX);
      if (edge >= 0) this.#set(edge as Edge, at);
      else if (isMoved) view.zoom(fitted([shown[0] + at - began, shown[1] + at - began], view.whole));
      else if (Math.abs(at - began) * width > 4 * (last - first)) {
        view.zoom(fitted([Math.min(at, began), Math.max(at, began)], view.whole));
      }
    };
    const ended = new AbortController();
    const { signal } = ended;
    this.root.setPointerCapture(event.pointerId);
    this.root.addEventListener('pointermove', drag, { signal });
    for (const type of ['pointerup', 'pointercancel']) {
      this.root.addEventListener(type, () => ended.abort(), { signal });
    }
  }
}
