import { axisOf, type TimeAxis } from '../chart/axis.js';
import { type ChartPicture, yOf } from '../chart/chart-picture.js';
import { ChartTools } from '../chart/chart-tools.js';
import { type DrawnLine, drawnLine, nearestIndex, valuesInView } from '../chart/drawn-line.js';
import type { Enlargeable } from '../chart/enlargeable.js';
import { HiddenLines } from '../chart/hidden-lines.js';
import { Legend } from '../chart/legend.js';
import { isDrawn, isPoint, type Line, type Point } from '../chart/line.js';
import { Plot } from '../chart/plot.js';
import { type Reading, Readout, sortedReadings } from '../chart/readout.js';
import { valueScale } from '../chart/value-scale.js';
import { DataTable, type TableData } from '../parts/data-table.js';
import { setAttribute } from '../parts/dom.js';
import { readable, whole } from '../parts/format.js';
import { panel } from '../parts/panel.js';
import { reveal } from '../parts/reveal.js';
import { isSkipped, type Sight } from '../parts/sight.js';
import { TURN, type Work } from '../parts/slices.js';
import type { View } from '../state/view.js';
import { lineTable } from './line-table.js';
import { visibleMarks } from './mark-lines.js';

export { type Gap, isPoint, type Line, type Look, type Point } from '../chart/line.js';

export interface LineChartOptions {
  /** Its name: no other chart of the page has it. */
  readonly title: string;
  readonly hint?: string;
  /** Whether the scale is logarithmic until a person chooses the other one. */
  readonly log?: boolean;
  /** A range of values that is healthy. */
  readonly band?: readonly [number, number];
  readonly height?: number;
}

/** A chart, and what it draws. */
export type ChartLines = readonly [chart: LineChart, lines: () => readonly Line[]];

/**
 * Draw charts in pieces: first all take what they draw, of the same moment; then it is known which of them there are, and
 * they are arranged. Those that nobody arranges come together: how wide each is depends on how many there are.
 */
export function* drawCharts(charts: readonly ChartLines[], arrange?: () => void): Work {
  for (const [chart, lines] of charts) yield* chart.take(lines);
  arrange?.();
  const coming = charts.map(([chart]) => chart).filter(({ root, isShown }) => isShown && root.hidden);
  yield* arrange ? comeInTurn(coming.filter(({ root }) => isSkipped(root))) : comeTogether(coming);
  for (const [chart] of charts) yield* chart.draw();
}

/** Those of which what is out of sight is skipped have their places before one is drawn: it is known then which are in sight. */
function* comeInTurn(charts: readonly LineChart[]): Work {
  for (const { root } of charts) yield* reveal(root, true);
  if (charts.length > 0) yield TURN;
}

function* comeTogether(charts: readonly LineChart[]): Work {
  for (const { root } of charts) setAttribute(root, 'hidden', false);
  if (charts.length > 0) yield TURN;
}

/** Lines over the steps: means, with their extremes as a band where steps are drawn together. */
export class LineChart implements Enlargeable {
  readonly root: HTMLElement;
  readonly title: string;
  /** Whether there is something to be seen. It is seen when it is drawn first. */
  isShown = false;
  readonly #plot: Plot;
  readonly #legend: Legend;
  readonly #readout = new Readout();
  readonly #tools: ChartTools;
  readonly #table: DataTable;
  readonly #hidden: HiddenLines;
  readonly #sight: Sight;
  #lines: readonly Line[] = [];
  /** Taken, and not drawn yet. */
  #coming: { readonly lines: readonly Line[]; readonly picture: ChartPicture } | undefined;
  #picture: ChartPicture | undefined;

  constructor(
    private readonly view: View,
    private readonly options: LineChartOptions,
  ) {
    const { title, hint, height = 220 } = options;
    this.title = title;
    const { root, body, tools } = panel(title, hint === undefined ? {} : { hint });
    this.root = root;
    setAttribute(root, 'hidden', true);
    this.#sight = view.watchPart(root);
    this.#plot = new Plot(view, height);
    this.#plot.root.setAttribute('aria-label', title); // until it is drawn, which says more
    this.#plot.root.append(this.#readout.root);
    this.#hidden = new HiddenLines(view);
    this.#legend = new Legend(
      (line) => this.#hidden.toggle(line),
      (line) => this.#hidden.isolate(line, this.#lines),
    );
    this.#table = new DataTable(title, () => this.#tableData());
    this.#tools = new ChartTools(view, title, {
      picture: () => this.#picture,
      size: () => this.#plot.size,
    });
    tools.append(...this.#tools.elements);
    body.append(this.#legend.root, this.#plot.root, this.#table.root);
    this.#plot.root.addEventListener('keydown', (event) => this.#key(event));
    view.charts.add(this);
    view.cursor.onMove(() => this.#showCursor());
  }

  /** Take what is to be drawn, unless it is out of sight. */
  *take(linesOf: () => readonly Line[]): Work {
    this.#coming = undefined;
    if (this.#isWaiting) return;
    const lines = linesOf();
    yield;
    this.isShown = lines.some(isDrawn);
    if (this.isShown) this.#coming = { lines, picture: this.#pictureOf(lines) };
    else setAttribute(this.root, 'hidden', true);
    yield;
  }

  /** Draw what was taken, in pieces: when all charts have, so that each has its place. */
  *draw(): Work {
    if (!this.#coming) return;
    const { lines, picture } = this.#coming;
    this.#coming = undefined;
    yield* reveal(this.root, true);
    if (this.#isWaiting) return;
    yield* this.#sight.come();
    this.#lines = lines;
    this.#picture = picture;
    yield* this.#plot.draw(picture);
    // In someone else's page a canvas, names and values in one frame are too much of it.
    const turn = this.view.place.embedded ? TURN : undefined;
    yield turn;
    const entries = lines.map((line) => ({ line, shown: !this.#hidden.has(line) }));
    yield* this.#legend.update(entries, turn);
    this.#tools.update(this.#isLog);
    this.#showValues();
    yield;
    setAttribute(this.#plot.root, 'aria-label', this.#summary());
    this.#table.update();
    yield TURN;
  }

  /** What is out of sight is drawn when it comes into sight; where it is laid out nevertheless, once before, for its height. */
  get #isWaiting(): boolean {
    const isLaidOut = !this.view.place.embedded;
    return !this.root.hidden && !this.#sight.isSeen && !(isLaidOut && !this.#picture);
  }

  focus(): void {
    this.#plot.root.focus();
  }

  focusEnlarge(): void {
    this.#tools.focusEnlarge();
  }

  get #isLog(): boolean {
    return (this.options.log === true) !== this.view.choices.otherScale.includes(this.title);
  }

  #pictureOf(lines: readonly Line[]): ChartPicture {
    const { view } = this;
    const { smoothing, withoutOutliers } = view.choices;
    const axis = axisOf(view);
    const shown = lines.filter((line) => !this.#hidden.has(line));
    const drawn = shown.map((line) => drawnLine(line, axis, smoothing));
    const values = drawn.map((line) => valuesInView(line, axis, this.#isLog));
    return {
      axis,
      scale: valueScale(values, this.#isLog, withoutOutliers),
      lines: drawn,
      marks: visibleMarks(view, axis),
      band: this.options.band,
    };
  }

  #showCursor(): void {
    if (!this.#picture || !this.#sight.isSeen) return;
    this.#plot.drawCursor();
    this.#showValues();
  }

  /** The values under the cursor, else the latest; all in one place at the chart that is pointed at. */
  #showValues(): void {
    const picture = this.#picture;
    if (!picture) return;
    const { cursor } = this.view;
    const readings = cursor.place === undefined ? undefined : readingsAt(picture, cursor.place);
    const values = new Map(readings?.map(({ line, value }) => [line, valueWord(value)]));
    this.#legend.showValues((line) => (readings ? (values.get(line) ?? '–') : latestText(line)));
    if (cursor.place === undefined || !readings || !cursor.isAt(this.#plot)) this.#readout.hide();
    else {
      const { box } = this.#plot;
      const x = box.left + picture.axis.share(cursor.place) * box.width;
      const nearest = this.#nearest(picture, readings);
      this.#readout.show(this.#moment(picture, cursor.place), { readings, nearest, x, box });
    }
  }

  /** The line that the pointer is at. */
  #nearest(picture: ChartPicture, readings: readonly Reading[]): Line | undefined {
    const { box } = this.#plot;
    const { height } = this.view.cursor;
    if (height === undefined) return undefined;
    const distances = readings
      .map(({ line, value }) => ({ line, distance: Math.abs(yOf(box, picture, value) - box.top - height) }))
      .filter(({ distance }) => Number.isFinite(distance));
    return distances.sort((a, b) => a.distance - b.distance)[0]?.line;
  }

  /** Where on the axis, and of a single run what else it says of that. */
  #moment({ axis, lines }: ChartPicture, place: number): readonly string[] {
    const runs = new Set(lines.map(({ line }) => line.run));
    const [run] = runs;
    const isSmooth = lines.some(({ raw }) => raw);
    const when = run && runs.size === 1 ? axis.sayMore(run, place) : [];
    return [axis.say(place), ...when, ...(isSmooth ? ['smoothed (as measured)'] : [])];
  }

  #summary(): string {
    const texts = this.#lines.slice(0, 6).map(({ label, points, nonFinite = [] }) => {
      const finite = points.filter(isPoint);
      const last = finite.at(-1);
      const bad = nonFinite.length > 0 ? `; not a number at step ${whole(nonFinite[0]!)}` : '';
      if (!last) return `${label}: no finite value${bad}`;
      const least = Math.min(...finite.map(({ min }) => min));
      const greatest = Math.max(...finite.map(({ max }) => max));
      return `${label}: latest ${readable(last.mean)}, least ${readable(least)}, greatest ${readable(greatest)}${bad}`;
    });
    return `${this.title} over the steps. ${texts.join('. ')}`;
  }

  #tableData(): TableData {
    return lineTable(this.#lines);
  }

  #key(event: KeyboardEvent): void {
    const { view } = this;
    const picture = this.#picture;
    if (!picture || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape' && view.choices.range && view.choices.enlarged === undefined) {
      event.preventDefault();
      view.zoom(undefined);
    }
    const places = placesOf(picture);
    const target = targetOf(event.key, view.cursor.place, places);
    if (target === undefined) return;
    event.preventDefault();
    view.cursor.move(target, this.#plot);
    const values = sortedReadings(readingsAt(picture, target)).map(saidReading);
    view.announce(`${this.#moment(picture, target).join(', ')}: ${values.join(', ')}`);
  }
}

const KEY_JUMP = 20;

/** The place that a key moves the cursor to, of those where there is a point. */
function targetOf(key: string, place: number | undefined, places: readonly number[]): number | undefined {
  const last = places.length - 1;
  if (last < 0) return undefined;
  const found = place === undefined ? -1 : places.findIndex((each) => each >= place);
  const at = place === undefined ? (key === 'ArrowLeft' ? last + 1 : -1) : found < 0 ? last : found;
  const targets: Readonly<Record<string, number>> = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    PageUp: at - KEY_JUMP,
    PageDown: at + KEY_JUMP,
    Home: 0,
    End: last,
  };
  const target = targets[key];
  return target === undefined ? undefined : places[Math.min(last, Math.max(0, target))];
}

/** All places in view where there is a point, in order. */
function placesOf({ axis, lines }: ChartPicture): number[] {
  const all = new Set(lines.flatMap(({ places }) => places.filter((place) => place >= axis.min && place <= axis.max)));
  return [...all].sort((a, b) => a - b);
}

/** What every line is at a place; what has ended before, or begins later, is not there. */
function readingsAt({ axis, lines }: ChartPicture, place: number): Reading[] {
  const areSeveral = new Set(lines.map(({ line }) => line.run)).size > 1;
  return lines.flatMap((drawn) => {
    const index = nearestIndex(drawn, place);
    if (index < 0) return [];
    const { line, places, values } = drawn;
    const distance = Math.abs(places[index]! - place);
    const bad = (line.nonFinite ?? []).some((step) => Math.abs(axis.at(line.run, step) - place) < distance);
    if (bad) return [{ line, value: Number.NaN, text: valueWord(Number.NaN) }];
    const usual = (places.at(-1)! - places[0]!) / Math.max(1, places.length - 1);
    const ends = place < places[0]! - usual || place > places.at(-1)! + usual;
    if (ends) return [];
    const when = areSeveral ? axis.sayTime(line.run, line.points[index]!.x) : undefined;
    return [{ line, value: values[index]!, text: readingText(drawn, axis, index, place), when }];
  });
}

function saidReading({ line, text, when }: Reading): string {
  return `${line.label} ${text}${when === undefined ? '' : ` after ${when}`}`;
}

/** A value as far from the cursor as this part of the axis says where it is. */
const FAR = 0.02;

function readingText({ line, places, values, raw }: DrawnLine, axis: TimeAxis, index: number, place: number): string {
  const point = line.points[index]! as Point;
  const text = raw ? `${readable(values[index]!)} (${readable(point.mean)})` : valueText(point);
  const isFar = Math.abs(places[index]! - place) > FAR * (axis.max - axis.min);
  return isFar ? `${text} at ${axis.say(places[index]!).replace(/^(Step|Epoch|After) /, '')}` : text;
}

function latestText({ points, nonFinite }: Line): string {
  const last = points.findLast(isPoint);
  const isBad = last ? (nonFinite?.at(-1) ?? -1) > last.x : nonFinite?.length;
  if (isBad) return 'not a number';
  return last ? readable(last.mean) : '–';
}

/** Short: a legend that grew under the cursor would move the chart. */
function valueWord(value: number): string {
  return Number.isNaN(value) ? 'not a number' : readable(value);
}

function valueText({ mean, min, max }: Point): string {
  return min === max ? readable(mean) : `${readable(mean)} (${readable(min)} – ${readable(max)})`;
}
