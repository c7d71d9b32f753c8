import { ratioHealth } from '../../../parameters/index.js';
import type { ParameterTable } from '../../history/parameter-table.js';
import { axisOf, type TimeAxis } from '../chart/axis.js';
import { Canvas } from '../chart/canvas.js';
import { type CanvasContext, CanvasPen } from '../chart/canvas-pen.js';
import { Gestures } from '../chart/gestures.js';
import { drawMarks, visibleMarks } from '../curves/mark-lines.js';
import { DataTable, type TableData } from '../parts/data-table.js';
import { el, setAttribute, setStyle, setText } from '../parts/dom.js';
import { compact, readable, tick, whole } from '../parts/format.js';
import type { Part } from '../parts/lazy-part.js';
import { RATIO_SCALE, RatioColors } from '../parts/palette.js';
import { panel } from '../parts/panel.js';
import { reveal } from '../parts/reveal.js';
import { KeptShortNames } from '../parts/short-names.js';
import type { Size } from '../parts/sizes.js';
import { PAUSE, TURN, type Work } from '../parts/slices.js';
import type { Theme } from '../state/theme.js';
import type { View } from '../state/view.js';

interface Cell {
  readonly row: number;
  readonly column: number;
}

/** Painted at a stretch: some thousand cells. */
const BUCKETS_AT_ONCE = 16;
const AXIS_HEIGHT = 24;
const MARK_HEIGHT = 10;

/** Update ratios, layers (or parameters) by steps, in colours around the healthy 1e-3. */
export class Heatmap implements Part {
  readonly root: HTMLElement;
  readonly #canvas = new Canvas({ tabindex: 0, role: 'img', 'aria-label': 'Update ratios' });
  /** What is pointed at, drawn over it: it changes more often. */
  readonly #over = new Canvas({ class: 'plot-cursor', hidden: true });
  /** Over the cells: names are left of it. */
  readonly #area = el('div', { class: 'plot-area' });
  readonly #readout = el('p', { class: 'readout' });
  readonly #byLayer = el('button', { type: 'button', class: 'tool', 'aria-pressed': 'true' }, 'layers');
  readonly #byParameter = el('button', { type: 'button', class: 'tool', 'aria-pressed': 'false' }, 'parameters');
  readonly #legend = new RatioLegend();
  readonly #table: DataTable;
  #names: readonly string[] = [];
  readonly #short = new KeptShortNames();
  #data: ParameterTable | undefined;
  #colors: RatioColors;
  /** The cells as they were painted last: what is drawn over them changes more often. */
  #cells: HTMLCanvasElement | undefined;
  readonly #size: Size;
  #cursor: Cell | undefined;

  constructor(private readonly view: View) {
    this.#colors = new RatioColors(view.theme);
    const { root, body, tools } = panel('Update ratio by layer', {
      hint: 'update norm ÷ weight norm; near 1e-3 a layer learns',
      wide: true,
    });
    this.root = root;
    this.#table = new DataTable('Update ratio by layer', () => this.#tableData());
    tools.append(this.#byLayer, this.#byParameter);
    const plot = el('div', { class: 'heatmap' }, this.#canvas.root, this.#over.root, this.#area);
    body.append(this.#legend.root, plot, this.#readout, this.#table.root);
    this.#byLayer.addEventListener('click', () => this.#choose(true));
    this.#byParameter.addEventListener('click', () => this.#choose(false));
    this.#canvas.root.addEventListener('pointermove', (event) => this.#pointAtName(event));
    this.#canvas.root.addEventListener('click', (event) => this.#open(this.#nameAt(event)));
    this.#canvas.root.addEventListener('keydown', (event) => this.#key(event));
    this.#area.addEventListener('pointermove', (event) => this.#pointAtCell(event));
    this.#area.addEventListener('pointerleave', () => this.#moveCursor(undefined));
    new Gestures(view, this.#area, this.#canvas.root, (place) => view.cursor.move(place, this));
    view.cursor.onMove(() => this.#drawOver());
    this.#size = view.sizes.of(body, { widthOnly: true });
    view.theme.onChange(() => {
      this.#colors = new RatioColors(view.theme);
      this.#legend.draw(this.#colors, view.theme);
    });
    this.#legend.draw(this.#colors, view.theme);
  }

  *update(): Work {
    const run = this.view.focus;
    const rows = run?.rows.value;
    const layers = !this.view.choices.ratiosOfParameters || rows?.byLayer === true;
    setAttribute(this.#byLayer, 'aria-pressed', String(layers));
    setAttribute(this.#byParameter, 'aria-pressed', String(!layers));
    if (!run || !rows || rows.parameters.length === 0) {
      setAttribute(this.root, 'hidden', true);
      return;
    }
    setAttribute(this.#byParameter, 'hidden', rows.byLayer);
    this.#names = layers ? rows.layers : rows.parameters;
    yield* this.#reveal();
    this.#take(layers ? run.shown.layers : run.shown.parameters);
    yield* this.#paint(this.#data!);
    yield;
    yield* this.#draw();
    yield TURN;
    setAttribute(this.#canvas.root, 'aria-label', this.#summary());
    this.#say();
    this.#table.update();
    yield;
  }

  *#reveal(): Work {
    // As high as it will be: what is below stays where it is.
    if (this.root.hidden) setStyle(this.#canvas.root, { height: `${this.#heights.height}px` });
    yield* reveal(this.root, true);
  }

  /** Other columns, or other steps in view, as of a zoom: the step that is pointed at stays, where it is in view. */
  #take(data: ParameterTable): void {
    const step = this.#cursor && this.#data?.starts[this.#cursor.column];
    this.#data = data;
    if (!this.#cursor || step === undefined) return;
    const column = data.starts.findLastIndex((start) => start <= step);
    const [first, last] = this.#columnsInView;
    this.#cursor = column >= first && column <= last ? { ...this.#cursor, column } : undefined;
  }

  /** The first and the last; the last is before the first where there is none. */
  get #columnsInView(): readonly [number, number] {
    const { starts, width } = this.#data!;
    const [from, to] = this.view.domain;
    const first = starts.findIndex((start) => start + width - 1 > from);
    return [first < 0 ? starts.length : first, starts.findLastIndex((start) => start <= to)];
  }

  #choose(layers: boolean): void {
    this.#cursor = undefined;
    this.view.choose({ ratiosOfParameters: !layers });
  }

  /** In CSS pixels. */
  get #heights() {
    const rows = Math.max(1, this.#names.length);
    const rowHeight = Math.max(3, Math.min(24, Math.floor(460 / rows)));
    return { rows, rowHeight, plotHeight: rows * rowHeight, height: MARK_HEIGHT + rows * rowHeight + AXIS_HEIGHT };
  }

  /** Sizes in CSS pixels. */
  get #layout() {
    const { width } = this.#size;
    const gutter = Math.round(Math.min(250, Math.max(92, width * 0.24)));
    return {
      ...this.#heights,
      width,
      gutter,
      plotWidth: Math.max(1, width - gutter - 12),
    };
  }

  /** In pieces, on a canvas that nobody sees: what was there before is seen until all is there. */
  *#draw(): Work {
    const { view } = this;
    const { width, rowHeight, gutter, plotWidth, plotHeight, height } = this.#layout;
    if (!this.#data || width === 0) return;
    setStyle(this.#area, {
      left: `${gutter}px`,
      top: `${MARK_HEIGHT}px`,
      width: `${plotWidth}px`,
      height: `${plotHeight}px`,
    });
    const ctx = view.sketch.begin(width, height);
    ctx.imageSmoothingEnabled = false;
    if (this.#cells) ctx.drawImage(this.#cells, gutter, MARK_HEIGHT, plotWidth, plotHeight);
    if (rowHeight >= 8) this.#drawGaps(ctx);
    yield PAUSE;
    this.#drawNames(ctx);
    yield PAUSE;
    this.#drawAxis(ctx);
    const pen = new CanvasPen(ctx, view.theme.color('--font'));
    const box = { left: gutter, top: MARK_HEIGHT, width: plotWidth, height: plotHeight };
    drawMarks(pen, view.theme, box, visibleMarks(view, this.#axis));
    yield PAUSE;
    view.sketch.showOn(this.#canvas, width, height);
    this.#drawOver();
  }

  /** The cell that is pointed at, and where the charts are. */
  #drawOver(): void {
    const { width, height } = this.#layout;
    if (this.root.hidden || !this.#cells || width === 0) return;
    const { place } = this.view.cursor;
    const share = place === undefined ? -1 : this.#axis.share(place);
    const hasPlace = share >= 0 && share <= 1;
    const isOver = hasPlace || this.#cursor !== undefined;
    setAttribute(this.#over.root, 'hidden', !isOver);
    if (!isOver) return;
    const ctx = this.#over.begin(width, height);
    if (hasPlace) this.#drawPlace(new CanvasPen(ctx, this.view.theme.color('--font')), share);
    this.#drawCell(ctx);
  }

  #drawPlace(pen: CanvasPen, share: number): void {
    const { gutter, plotWidth, plotHeight } = this.#layout;
    const x = Math.round(gutter + share * plotWidth) + 0.5;
    const color = this.view.theme.color('--text');
    pen.line([x, MARK_HEIGHT, x, MARK_HEIGHT + plotHeight], { color, width: 1, dash: [3, 3] });
  }

  /** One pixel a row, and as many columns as the plot has device pixels. */
  *#paint(data: ParameterTable): Work {
    const columns = Math.round(this.#layout.plotWidth * devicePixelRatio);
    const rows = Math.max(1, this.#names.length);
    const canvas = el('canvas', { width: columns, height: rows });
    const ctx = canvas.getContext('2d')!;
    const image = ctx.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    for (const [bucket, [from, to]] of this.#spans(data, columns).entries()) {
      if (to <= from) continue;
      data.forEachRow(bucket, 'updateRatio', rows, (row, min, max) => {
        pixels.fill(this.#colors.pixel(min, max), row * columns + from, row * columns + to);
      });
      if (bucket % BUCKETS_AT_ONCE === 0) yield;
    }
    ctx.putImageData(image, 0, 0);
    this.#cells = canvas;
  }

  /** The columns of each bucket: to the next one, so that runs that are sampled every few steps have no holes. */
  #spans(data: ParameterTable, columns: number): (readonly [number, number])[] {
    const { starts, width } = data;
    const axis = this.#axis;
    const run = this.view.focus!;
    const gaps = starts.slice(1).map((start, i) => start - starts[i]!);
    const usual = [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? width;
    const column = (step: number) =>
      Math.min(columns, Math.max(0, Math.round(axis.share(axis.at(run, step)) * columns)));
    // A step is drawn left of where it ends, so that the last one lies within the axis.
    return starts.map((start, i) => {
      const end = Math.min(start + 2 * Math.max(usual, width), starts[i + 1] ?? start + Math.max(width, usual));
      return [column(start - 1), column(end - 1)];
    });
  }

  #drawGaps(ctx: CanvasContext): void {
    const { gutter, plotWidth, rowHeight } = this.#layout;
    ctx.fillStyle = this.view.theme.color('--card');
    for (let row = 1; row < this.#names.length; row++) {
      ctx.fillRect(gutter, MARK_HEIGHT + row * rowHeight - 0.5, plotWidth, 1);
    }
  }

  #drawNames(ctx: CanvasContext): void {
    const { gutter, rowHeight } = this.#layout;
    ctx.font = `11px ${this.view.theme.color('--font')}`;
    ctx.textAlign = 'right';
    ctx.textBaseline = 'middle';
    ctx.fillStyle = this.view.theme.color('--muted');
    const short = this.#short.of(this.#names, Math.floor((gutter - 12) / 6.3));
    const every = Math.ceil(13 / rowHeight);
    for (let row = 0; row < this.#names.length; row += every) {
      ctx.fillText(short[row]!, gutter - 8, MARK_HEIGHT + (row + 0.5) * rowHeight);
    }
  }

  #drawAxis(ctx: CanvasContext): void {
    const { gutter, plotWidth, plotHeight } = this.#layout;
    const axis = this.#axis;
    ctx.textBaseline = 'top';
    ctx.fillStyle = this.view.theme.color('--muted');
    for (const { at, label } of axis.ticks(Math.max(2, plotWidth / 90))) {
      const x = axis.share(at) * plotWidth;
      ctx.textAlign = x > plotWidth - 16 ? 'right' : x < 16 ? 'left' : 'center';
      ctx.fillText(label, gutter + x, MARK_HEIGHT + plotHeight + 7);
    }
  }

  #drawCell(ctx: CanvasContext): void {
    const cursor = this.#cursor;
    if (!cursor) return;
    const { gutter, rowHeight, plotWidth } = this.#layout;
    const [from, to] = this.#spans(this.#data!, plotWidth)[cursor.column] ?? [0, 0];
    ctx.strokeStyle = this.view.theme.color('--text');
    ctx.lineWidth = 1.5;
    ctx.setLineDash([]);
    ctx.strokeRect(
      gutter + from - 0.5,
      MARK_HEIGHT + cursor.row * rowHeight - 0.5,
      Math.max(3, to - from) + 1,
      rowHeight + 1,
    );
  }

  /** As that of every chart, of the run that is shown. */
  get #axis(): TimeAxis {
    return axisOf(this.view);
  }

  #pointAtName(event: PointerEvent): void {
    const name = this.#nameAt(event);
    this.#canvas.root.classList.toggle('on-name', name !== undefined);
    setAttribute(this.#canvas.root, 'title', name ?? '');
  }

  #pointAtCell({ clientX, clientY }: PointerEvent): void {
    const { left, top } = this.#area.getBoundingClientRect();
    const { rowHeight, plotWidth } = this.#layout;
    const row = Math.floor((clientY - top) / rowHeight);
    const x = clientX - left;
    const column = this.#spans(this.#data!, plotWidth).findIndex(([from, to]) => x >= from && x < to);
    const isInside = row >= 0 && row < this.#names.length && column >= 0;
    this.#moveCursor(isInside ? { row, column } : undefined);
  }

  /** The name that is pointed at, left of the cells. */
  #nameAt({ offsetX, offsetY }: MouseEvent): string | undefined {
    const { gutter, rowHeight } = this.#layout;
    return offsetX < gutter ? this.#names[Math.floor((offsetY - MARK_HEIGHT) / rowHeight)] : undefined;
  }

  #open(name: string | undefined): void {
    if (name !== undefined) this.view.openParameter(name);
  }

  #key(event: KeyboardEvent): void {
    if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' && this.#cursor) this.#open(this.#names[this.#cursor.row]);
    const [first, last] = this.#columnsInView;
    const { row, column } = this.#cursor ?? { row: 0, column: last };
    const moves: Readonly<Record<string, Cell>> = {
      ArrowLeft: { row, column: column - 1 },
      ArrowRight: { row, column: column + 1 },
      ArrowUp: { row: row - 1, column },
      ArrowDown: { row: row + 1, column },
      Home: { row, column: first },
      End: { row, column: last },
    };
    if (event.key === 'Escape' && this.#cursor) {
      event.preventDefault();
      this.#moveCursor(undefined);
    }
    const target = moves[event.key];
    if (!target || last < first) return;
    event.preventDefault();
    const limit = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));
    this.#moveCursor({
      row: limit(target.row, 0, this.#names.length - 1),
      column: limit(target.column, first, last),
    });
    this.view.announce(this.#readout.textContent ?? '');
  }

  #moveCursor(cursor: Cell | undefined): void {
    if (cursor?.row === this.#cursor?.row && cursor?.column === this.#cursor?.column) return;
    this.#cursor = cursor;
    this.#drawOver();
    this.#say();
  }

  #say(): void {
    setText(this.#readout, this.#cursor ? this.#cellText(this.#cursor) : this.#rest());
  }

  #cellText({ row, column }: Cell): string {
    const data = this.#data!;
    const start = data.starts[column];
    const name = this.#names[row];
    if (start === undefined || name === undefined) return '';
    const at = data.row(row, 'updateRatio').find((extremes) => extremes.start === start);
    const steps = data.width > 1 ? `steps ${whole(start)} – ${whole(start + data.width - 1)}` : `step ${whole(start)}`;
    if (!at) return `${name}, ${steps}: not measured`;
    const ratio = at.min === at.max ? readable(at.max) : `${readable(at.min)} – ${readable(at.max)}`;
    return `${name}, ${steps}: ratio ${ratio}, ${ratioHealth(at.max)}`;
  }

  /** Said while nothing is pointed at. */
  #rest(): string {
    const rows = this.view.focus?.rows.value;
    if (!rows) return '';
    const all = `${whole(rows.parameterCount)} parameters with ${compact(rows.elementCount)} elements`;
    const grouped = rows.byLayer ? `; so many are shown by layer` : '';
    const hidden = rows.hidden > 0 ? `; ${whole(rows.hidden)} more rows have no room` : '';
    return `${all}${grouped}${hidden}. Point at a cell, or use the arrow keys; a name, or Enter, opens its page.`;
  }

  #summary(): string {
    const words = this.#names.map((_, row) => {
      const last = this.#data!.latest(row, 'updateRatio');
      return last ? ratioHealth(last.max) : 'not measured';
    });
    const counts = new Map<string, number>();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    const text = [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
    return `Update ratio of ${this.#names.length} rows over the steps. Latest: ${text}.`;
  }

  #tableData(): TableData {
    const rows = this.#names.map((name, row) => {
      const all = this.#data!.row(row, 'updateRatio');
      const last = all.at(-1);
      const least = Math.min(...all.map(({ min }) => min));
      const greatest = all.reduce((most, { max }) => (max > most || Number.isNaN(max) ? max : most), 0);
      return last
        ? [name, readable(last.max), readable(least), readable(greatest), ratioHealth(last.max)]
        : [name, '–', '–', '–', 'not measured'];
    });
    return { head: ['Name', 'Latest ratio', 'Least', 'Greatest', 'Latest is'], rows };
  }
}

/** Pixels of the bar of colours. */
const BAR_WIDTH = 240;

/** The colours and what they mean. */
class RatioLegend {
  readonly root = el('div', { class: 'ratio-legend', 'aria-hidden': 'true' });
  readonly #bar = new Canvas();
  readonly #still = el('i', { class: 'chip' });
  readonly #bad = el('i', { class: 'chip' });

  constructor() {
    const { least, healthy, greatest } = RATIO_SCALE;
    const labels = [least, 1e-5, 1e-4, healthy, 1e-2, 1e-1, greatest].map((value) => el('span', {}, tick(value)));
    this.root.append(
      el('div', { class: 'ratio-scale' }, this.#bar.root, el('div', { class: 'ratio-ticks' }, ...labels)),
      el('span', { class: 'ratio-key' }, this.#still, 'did not move'),
      el('span', { class: 'ratio-key' }, this.#bad, 'not a number'),
    );
  }

  draw(colors: RatioColors, theme: Theme): void {
    const { least, greatest } = RATIO_SCALE;
    const decades = Math.log10(greatest / least);
    const image = new ImageData(BAR_WIDTH, 1);
    const pixels = new Uint32Array(image.data.buffer);
    for (let x = 0; x < pixels.length; x++) {
      const ratio = least * 10 ** ((decades * (x + 0.5)) / pixels.length);
      pixels[x] = colors.pixel(ratio, ratio);
    }
    this.#bar.put(image);
    this.#still.style.background = theme.color('--ratio-still');
    this.#bad.style.background = theme.color('--ratio-bad');
  }
}
