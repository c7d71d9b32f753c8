import uPlot from 'uplot';
import { DataTable, type TableData } from './data-table.js';
import { el, setStyle, setText } from './dom.js';
import { readable, tick, whole } from './format.js';
import { drawMarks } from './mark-lines.js';
import { type Panel, panel } from './panel.js';
import type { View } from './view.js';

export interface Point {
  readonly x: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/** Where a line is not drawn on: nothing was measured, or what was is no number. */
export interface Gap {
  readonly x: number;
  readonly mean: null;
}

export function isPoint(at: Point | Gap): at is Point {
  return at.mean !== null;
}

export interface Line {
  readonly label: string;
  readonly color: string;
  readonly dashed?: boolean;
  /** In the order of their steps. A line is drawn from point to point, and ends at a gap. */
  readonly points: readonly (Point | Gap)[];
  /** Steps at which the value was NaN or infinite: each is a gap, where nothing finite is drawn together with it. */
  readonly nonFinite?: readonly number[];
}

export interface LineChartOptions {
  readonly title: string;
  readonly hint?: string;
  /** A logarithmic scale: always, never, or as the person chooses. */
  readonly log?: boolean | 'choice';
  /** Whether the person may smooth the lines. */
  readonly smooth?: boolean;
  /** A range of values that is healthy. */
  readonly band?: readonly [number, number];
  readonly height?: number;
}

/** A line without its gaps. */
interface Drawn extends Line {
  readonly points: readonly Point[];
  readonly gaps: readonly number[];
}

/** Lines over the steps: means, with their extremes as a band where steps are drawn together. */
export class LineChart {
  readonly root: HTMLElement;
  readonly panel: Panel;
  readonly #plotBox = el('div', { class: 'plot', tabindex: 0, role: 'img' });
  readonly #legend = el('ul', { class: 'legend' });
  readonly #table: DataTable;
  #plot: uPlot | undefined;
  #shape = '';
  #given: readonly Line[] = [];
  #lines: readonly Drawn[] = [];
  #drawn: readonly Drawn[] = [];
  #xs: readonly number[] = [];
  #values: HTMLElement[] = [];
  #log: boolean;
  #smooth = false;
  readonly #isSeen: () => boolean;

  constructor(
    private readonly view: View,
    private readonly options: LineChartOptions,
  ) {
    this.#log = options.log === true;
    this.panel = panel(options.title, options.hint === undefined ? {} : { hint: options.hint });
    this.root = this.panel.root;
    this.#isSeen = view.watch(this.root);
    this.#table = new DataTable(options.title, () => this.#tableData());
    this.panel.body.append(this.#legend, this.#plotBox, this.#table.root);
    if (options.smooth) {
      const smooth = (on: boolean) => {
        this.#smooth = on;
      };
      this.panel.tools.append(this.#toggle('smooth', 'A moving average over the values', smooth));
    }
    if (options.log === 'choice') {
      const log = (on: boolean) => {
        this.#log = on;
      };
      this.panel.tools.append(this.#toggle('log', 'Logarithmic scale', log));
    }
    this.#plotBox.addEventListener('keydown', (event) => this.#key(event));
    view.onResize(this.#plotBox, () => this.#resize());
    view.onScroll(() => this.#plot?.syncRect(true));
    view.theme.onChange(() => this.#rebuild());
    view.signal.addEventListener('abort', () => this.#plot?.destroy());
  }

  update(all: readonly Line[]): void {
    const lines = all.map(withoutGaps);
    this.root.hidden = lines.every(({ points, nonFinite }) => points.length === 0 && !nonFinite?.length);
    // Drawn once in any case: it then has its height, and something to scroll to.
    if (this.root.hidden || (this.#plot && !this.#isSeen())) return;
    this.#given = all;
    this.#lines = lines;
    this.#drawn = this.#smooth ? lines.map(smoothed) : lines;
    this.#xs = [...new Set(all.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
    const shape = JSON.stringify([
      this.#log,
      this.#smooth,
      ...lines.map(({ label, color, dashed, points }) => [label, color, dashed, isShort(points)]),
    ]);
    if (shape !== this.#shape || !this.#plot) {
      this.#shape = shape;
      this.#rebuild();
    } else {
      const plot = this.#plot;
      // Drawn now, within this slice, and not when it is over.
      plot.batch(() => plot.setData(this.#data()));
    }
    this.#showValues(this.#plot?.cursor.idx ?? undefined);
    this.#plotBox.setAttribute('aria-label', this.#summary());
    this.#table.update();
  }

  #data(): uPlot.AlignedData {
    const places = new Map(this.#xs.map((x, i) => [x, i]));
    const columns = this.#drawn.flatMap(({ points, gaps }) => {
      const [mean, max, min] = [0, 1, 2].map(() =>
        new Array<number | null | undefined>(this.#xs.length).fill(undefined),
      ) as [(number | null)[], (number | null)[], (number | null)[]];
      for (const point of points) {
        const place = places.get(point.x)!;
        mean[place] = this.#shown(point.mean);
        max[place] = this.#shown(point.max);
        min[place] = this.#shown(point.min);
      }
      // What is undefined is another line's, and drawn over; what is null ends the line.
      for (const x of gaps) mean[places.get(x)!] = max[places.get(x)!] = min[places.get(x)!] = null;
      return [mean, max, min];
    });
    return [this.#xs as number[], ...columns];
  }

  /** A logarithmic scale has no place for 0 and below. */
  #shown(value: number): number | null {
    return Number.isFinite(value) && (!this.#log || value > 0) ? value : null;
  }

  #rebuild(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    const width = this.#plotBox.clientWidth;
    if (this.#lines.length === 0 || width === 0) return;
    this.#plot = new uPlot(this.#plotOptions(width), this.#data(), this.#plotBox);
    this.#plot.batch(() => {});
    this.#showLegend();
  }

  #resize(): void {
    const width = this.#plotBox.clientWidth;
    if (width === 0) return;
    if (this.#plot) this.#plot.setSize({ width, height: this.#height });
    else this.#rebuild();
  }

  get #height(): number {
    return this.options.height ?? 220;
  }

  #plotOptions(width: number): uPlot.Options {
    const axis = {
      stroke: this.view.theme.color('--muted'),
      grid: { stroke: this.view.theme.color('--grid'), width: 1 },
      ticks: { show: false },
      font: `11px ${this.view.theme.color('--font')}`,
    };
    return {
      width,
      height: this.#height,
      padding: [10, 22, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, range: () => [...this.view.domain] as [number, number] },
        y: this.#log ? { distr: 3 } : {},
      },
      axes: [
        {
          ...axis,
          size: 28,
          space: 70,
          values: (_, splits) => splits.map((step) => (Number.isInteger(step) ? whole(step) : '')),
        },
        {
          ...axis,
          grid: { ...axis.grid, ...(this.#log && { filter: wholeDecades }) },
          size: 58,
          values: (_, splits) => splits.map((value) => (value === null ? '' : tick(value))),
        },
      ],
      cursor: {
        sync: { key: `steps-${this.view.id}` },
        drag: { x: true, y: false, setScale: false },
        points: { size: 7 },
        bind: {
          dblclick: () => () => {
            this.view.zoom(undefined);
            return null;
          },
        },
      },
      series: [{}, ...this.#drawn.flatMap((line) => seriesOf(line, this.#smooth))],
      bands: (this.#smooth ? [] : this.#lines).map((line, i) => ({
        series: [3 * i + 2, 3 * i + 3],
        fill: `${line.color}2e`,
      })),
      hooks: {
        drawAxes: [(plot) => this.#drawBand(plot)],
        draw: [(plot) => this.#drawMarks(plot)],
        setCursor: [(plot) => this.#showValues(plot.cursor.idx ?? undefined)],
        setSelect: [(plot) => this.#zoomTo(plot)],
      },
    };
  }

  #zoomTo(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    const from = Math.max(0, Math.floor(plot.posToVal(left, 'x')));
    const to = Math.ceil(plot.posToVal(left + width, 'x'));
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (to > from) this.view.zoom([from, to]);
  }

  #drawBand({ ctx, bbox, valToPos, scales }: uPlot): void {
    const { band } = this.options;
    const { min, max } = scales.y ?? {};
    if (!band || min == null || max == null) return;
    const [bottom, top] = [Math.max(band[0], min), Math.min(band[1], max)].map((value) => valToPos(value, 'y', true));
    if (bottom! <= top!) return;
    ctx.fillStyle = this.view.theme.color('--healthy-band');
    ctx.fillRect(bbox.left, top!, bbox.width, bottom! - top!);
  }

  #drawMarks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const unit = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    // Room for a mark at the first or the last step: a run that failed has one there.
    ctx.rect(bbox.left - 5 * unit, 0, bbox.width + 10 * unit, bbox.top + bbox.height);
    ctx.clip();
    drawMarks(ctx, this.view, (step) => plot.valToPos(step, 'x', true), bbox.top, bbox.top + bbox.height);
    for (const line of this.#lines) {
      for (const step of line.nonFinite ?? []) {
        drawCross(ctx, line.color, plot.valToPos(step, 'x', true), bbox.top + 6 * unit, 3.5 * unit);
      }
    }
    ctx.restore();
  }

  #showLegend(): void {
    this.#values = [];
    this.#legend.replaceChildren(
      ...this.#lines.map((line) => {
        const swatch = el('span', { class: line.dashed ? 'swatch dashed' : 'swatch' });
        setStyle(swatch, { '--swatch': line.color });
        const value = el('span', { class: 'value' });
        this.#values.push(value);
        return el(
          'li',
          {},
          swatch,
          el('span', { class: 'label', title: line.label }, el('bdi', {}, line.label)),
          value,
        );
      }),
    );
    this.#showValues(undefined);
  }

  /** The values under the cursor, else the latest. */
  #showValues(index: number | undefined): void {
    for (const [i, line] of this.#lines.entries()) {
      const element = this.#values[i];
      if (!element) continue;
      const at = index === undefined ? line.points.at(-1) : nearest(line.points, this.#xs[index] ?? 0);
      const bad = index === undefined && at && (line.nonFinite?.at(-1) ?? -1) > at.x;
      setText(
        element,
        bad || !at ? (line.nonFinite?.length ? 'not a number' : '–') : valueText(at, index !== undefined),
      );
    }
  }

  #summary(): string {
    const texts = this.#lines.slice(0, 6).map(({ label, points, nonFinite = [] }) => {
      const last = points.at(-1);
      const bad = nonFinite.length > 0 ? `; not a number at step ${whole(nonFinite[0]!)}` : '';
      if (!last) return `${label}: no finite value${bad}`;
      const least = Math.min(...points.map(({ min }) => min));
      const greatest = Math.max(...points.map(({ max }) => max));
      return `${label}: latest ${readable(last.mean)}, least ${readable(least)}, greatest ${readable(greatest)}${bad}`;
    });
    return `${this.options.title} over the steps. ${texts.join('. ')}`;
  }

  #tableData(): TableData {
    const head = ['Step', ...this.#lines.map(({ label }) => label)];
    const byX = this.#lines.map(({ points }) => new Map(points.map((point) => [point.x, point])));
    const rows = this.#xs.map((x) => [
      whole(x),
      ...byX.map((points) => {
        const point = points.get(x);
        return point ? valueText(point, true) : '';
      }),
    ]);
    return { head, rows };
  }

  #key(event: KeyboardEvent): void {
    const plot = this.#plot;
    if (!plot || this.#xs.length === 0) return;
    const last = this.#xs.length - 1;
    const at = plot.cursor.idx ?? (event.key === 'ArrowLeft' ? last + 1 : -1);
    const moves: Readonly<Record<string, number>> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      PageUp: at - 20,
      PageDown: at + 20,
      Home: 0,
      End: last,
    };
    if (event.key === 'Escape' && this.view.choices.range) {
      event.preventDefault();
      this.view.zoom(undefined);
    }
    const target = moves[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const index = Math.min(last, Math.max(0, target));
    plot.setCursor({ left: plot.valToPos(this.#xs[index]!, 'x'), top: plot.over.clientHeight / 2 });
    const values = this.#lines.map((line) => {
      const point = nearest(line.points, this.#xs[index]!);
      return point ? `${line.label} ${valueText(point, true)}` : '';
    });
    this.view.announce(`Step ${whole(this.#xs[index]!)}: ${values.filter(Boolean).join(', ')}`);
  }

  #toggle(label: string, title: string, set: (on: boolean) => void): HTMLElement {
    const button = el('button', { type: 'button', class: 'tool', title, 'aria-pressed': 'false' }, label);
    button.addEventListener('click', () => {
      const on = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', String(on));
      set(on);
      this.update(this.#given);
    });
    return button;
  }
}

/** The grid of a logarithmic scale that spans several decades: lines at whole ones only. */
function wholeDecades(_: uPlot, splits: number[]): (number | null)[] {
  const decades = Math.log10(splits.at(-1)! / splits[0]!);
  return splits.map((value) => (decades < 1.5 || Number.isInteger(Math.log10(value)) ? value : null));
}

function withoutGaps(line: Line): Drawn {
  return {
    ...line,
    points: line.points.filter(isPoint),
    gaps: line.points.flatMap((at) => (isPoint(at) ? [] : [at.x])),
  };
}

/** The means by a moving average over about a twentieth of the points; the values themselves as the extremes. */
function smoothed(line: Drawn): Drawn {
  const weight = 2 / (Math.max(4, line.points.length / 20) + 1);
  let average = 0;
  let total = 0;
  const points = line.points.map(({ x, mean }) => {
    average += weight * (mean - average);
    total += weight * (1 - total);
    return { x, mean: average / total, min: mean, max: mean };
  });
  return { ...line, points };
}

/** So few that each is a dot. */
function isShort(points: readonly Point[]): boolean {
  return points.length <= 24;
}

function seriesOf({ label, color: stroke, dashed, points }: Drawn, smooth: boolean): uPlot.Series[] {
  const few = isShort(points);
  return [
    {
      label,
      stroke,
      width: 1.75,
      spanGaps: false,
      points: { show: few, size: 5, fill: stroke },
      ...(dashed && { dash: [6, 4] }),
    },
    {
      label: `${label}, greatest`,
      ...(smooth ? { stroke: `${stroke}59`, width: 1 } : { width: 0 }),
      spanGaps: false,
      points: { show: false },
    },
    { label: `${label}, least`, width: 0, spanGaps: false, points: { show: false } },
  ];
}

function drawCross(ctx: CanvasRenderingContext2D, stroke: string, x: number, y: number, half: number): void {
  ctx.strokeStyle = stroke;
  ctx.lineWidth = half / 2;
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(x - half, y - half);
  ctx.lineTo(x + half, y + half);
  ctx.moveTo(x + half, y - half);
  ctx.lineTo(x - half, y + half);
  ctx.stroke();
}

function nearest(points: readonly Point[], x: number): Point | undefined {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]!.x < x) low = middle + 1;
    else high = middle;
  }
  const after = points[low];
  const before = points[low - 1];
  if (!after || !before) return after;
  return x - before.x < after.x - x ? before : after;
}

function valueText({ mean, min, max }: Point, extremes: boolean): string {
  if (!extremes || min === max) return readable(mean);
  return `${readable(mean)} (${readable(min)} – ${readable(max)})`;
}
