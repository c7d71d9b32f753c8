import { drawMarks, type PlacedMark } from '../curves/mark-lines.js';
import { tick } from '../parts/format.js';
import { PAUSE, type Work } from '../parts/slices.js';
import type { Theme } from '../state/theme.js';
import type { TimeAxis } from './axis.js';
import { type DrawnLine, spanInView } from './drawn-line.js';
import { isPoint } from './line.js';
import type { Box, Pen } from './pen.js';
import { linearTicks, logTicks } from './ticks.js';
import { heightOf, type ValueScale } from './value-scale.js';

/** All that a chart shows, whatever it is drawn with. */
export interface ChartPicture {
  readonly axis: TimeAxis;
  readonly scale: ValueScale;
  readonly lines: readonly DrawnLine[];
  readonly marks: readonly PlacedMark[];
  /** A range of values that is healthy. */
  readonly band: readonly [number, number] | undefined;
}

/** Around the plot, in CSS pixels: left of it are the values, below it the steps. */
export const PLOT_MARGINS = { left: 58, top: 12, right: 18, bottom: 28 } as const;
/** A letter is at most about so wide. */
const LETTER = 6.2;

/** Where the plot lies within a chart of this size. */
export function plotBox(width: number, height: number): Box {
  const { left, top, right, bottom } = PLOT_MARGINS;
  return { left, top, width: Math.max(10, width - left - right), height: Math.max(10, height - top - bottom) };
}

/** So few that each is a dot. */
const FEW = 24;
const PIXELS_A_TICK = { across: 78, down: 34 };

export function drawChart(pen: Pen, theme: Theme, box: Box, picture: ChartPicture): void {
  for (const _ of drawChartInPieces(pen, theme, box, picture, Infinity));
}

/** As {@link drawChart}, so many points of lines at a stretch, about. */
export function* drawChartInPieces(pen: Pen, theme: Theme, box: Box, picture: ChartPicture, points = 400): Work {
  drawGrid(pen, theme, box, picture);
  yield;
  const { lines, axis } = picture;
  const drawings = [drawSpread, drawLine].flatMap((draw) => lines.map((line) => ({ draw, line })));
  // Room for a line along the edge, and for a mark at the first or the last step: a run that failed has one there.
  const room = grown(box, 2, 2);
  let next = 0;
  do {
    pen.within(room, () => {
      if (next === 0) drawBand(pen, theme, box, picture);
      let drawn = 0;
      for (; next < drawings.length && drawn < points; next++) {
        const { draw, line } = drawings[next]!;
        draw(pen, box, picture, line);
        drawn += around(line, axis).seen;
      }
    });
    yield PAUSE;
  } while (next < drawings.length);
  pen.within(grown(box, 5, 12), () => {
    drawMarks(pen, theme, box, picture.marks);
    for (const { line } of picture.lines) {
      for (const step of line.nonFinite ?? []) {
        const x = xOf(box, picture, picture.axis.at(line.run, step));
        if (x >= box.left - 1 && x <= box.left + box.width + 1) drawCross(pen, line.color, x, box.top + 6, 3.5);
      }
    }
  });
  drawOutside(pen, theme, box, picture.scale);
}

export function xOf({ left, width }: Box, { axis }: Pick<ChartPicture, 'axis'>, place: number): number {
  return left + axis.share(place) * width;
}

/** NaN where a value has no place, as 0 on a logarithmic scale. */
export function yOf({ top, height }: Box, { scale }: Pick<ChartPicture, 'scale'>, value: number): number {
  return Number.isFinite(value) ? top + height * (1 - heightOf(scale, value)) : Number.NaN;
}

function grown({ left, top, width, height }: Box, across: number, down: number): Box {
  return { left: left - across, top: top - down, width: width + 2 * across, height: height + 2 * down };
}

function drawGrid(pen: Pen, theme: Theme, box: Box, picture: ChartPicture): void {
  const [grid, color] = [theme.color('--grid'), theme.color('--muted')];
  const { left, top, width, height } = box;
  const { min, max, log } = picture.scale;
  for (const value of (log ? logTicks : linearTicks)(min, max, height / PIXELS_A_TICK.down)) {
    const y = Math.round(yOf(box, picture, value)) + 0.5;
    if (y < top - 1 || y > top + height + 1) continue;
    pen.line([left, y, left + width, y], { color: grid, width: 1 });
    pen.text(tick(value), left - 8, y, { color, align: 'right', baseline: 'middle' });
  }
  for (const { at, label } of picture.axis.ticks(width / PIXELS_A_TICK.across)) {
    const x = Math.round(xOf(box, picture, at)) + 0.5;
    pen.line([x, top, x, top + height], { color: grid, width: 1 });
    const over = x + (LETTER * label.length) / 2 - (left + width + PLOT_MARGINS.right);
    pen.text(label, x - Math.max(0, over), top + height + 9, { color, align: 'center', baseline: 'top' });
  }
}

function drawBand(pen: Pen, theme: Theme, box: Box, picture: ChartPicture): void {
  const { band, scale } = picture;
  if (!band) return;
  const [low, high] = [Math.max(band[0], scale.min), Math.min(band[1], scale.max)];
  if (low >= high) return;
  const [bottom, top] = [yOf(box, picture, low), yOf(box, picture, high)];
  pen.rect({ ...box, top, height: bottom - top }, { color: theme.color('--accent'), opacity: 0.08 });
}

/** Between the least and the greatest value, where steps are drawn together; behind a smoothed line, what it is made of. */
function drawSpread(pen: Pen, box: Box, picture: ChartPicture, drawn: DrawnLine): void {
  const { line, places, raw } = drawn;
  const { color } = line;
  const { from, to } = around(drawn, picture.axis);
  if (raw) {
    pen.line(pointsOf(box, picture, places, raw, from, to), { color, width: 1, opacity: 0.3 });
    return;
  }
  let upper: number[] = [];
  let lower: number[] = [];
  let isWide = false;
  const draw = () => {
    if (isWide && upper.length > 2) pen.band(upper, lower, { color, opacity: 0.18 });
    upper = [];
    lower = [];
    isWide = false;
  };
  for (let i = from; i < to; i++) {
    const point = line.points[i]!;
    const { min, max } = isPoint(point) ? point : NOWHERE;
    const x = xOf(box, picture, places[i]!);
    const [high, low] = [yOf(box, picture, max), yOf(box, picture, Math.max(min, lowest(picture.scale)))];
    if (Number.isNaN(high) || Number.isNaN(low)) draw();
    else {
      upper.push(x, high);
      lower.push(x, low);
      isWide ||= min < max;
    }
  }
  draw();
}

const NOWHERE = { min: Number.NaN, max: Number.NaN };

/** What has no place on a logarithmic scale is below it. */
function lowest({ log, min }: ValueScale): number {
  return log ? min / 2 : -Infinity;
}

function drawLine(pen: Pen, box: Box, picture: ChartPicture, drawn: DrawnLine): void {
  const { line, places, values } = drawn;
  const { color, dash } = line;
  const { from, to, seen } = around(drawn, picture.axis);
  const points = pointsOf(box, picture, places, values, from, to);
  pen.line(points, { color, width: 1.75, ...(dash && { dash }) });
  pen.dots(seen <= FEW ? withoutGaps(points) : lonely(points), 2.5, { color });
}

/** The points in view, and one on either side, to which the line goes. */
function around(drawn: DrawnLine, axis: TimeAxis): { from: number; to: number; seen: number } {
  const [from, to] = spanInView(drawn, axis);
  return { from: Math.max(0, from - 1), to: Math.min(drawn.places.length, to + 1), seen: to - from };
}

function pointsOf(
  box: Box,
  picture: ChartPicture,
  places: readonly number[],
  values: readonly number[],
  from: number,
  to: number,
): number[] {
  const points: number[] = [];
  for (let i = from; i < to; i++) points.push(xOf(box, picture, places[i]!), yOf(box, picture, values[i]!));
  return points;
}

function withoutGaps(points: readonly number[]): number[] {
  return points.filter((_, i) => !Number.isNaN(points[i | 1]!));
}

/** Points between two gaps: no line goes through them. */
function lonely(points: readonly number[]): number[] {
  const isGap = (i: number) => i < 1 || i >= points.length || Number.isNaN(points[i]!);
  return points.filter((_, i) => !isGap(i | 1) && isGap((i | 1) - 2) && isGap((i | 1) + 2));
}

function drawCross(pen: Pen, color: string, x: number, y: number, half: number): void {
  pen.line([x - half, y - half, x + half, y + half], { color, width: half / 2 });
  pen.line([x + half, y - half, x - half, y + half], { color, width: half / 2 });
}

/** Nothing is left out silently. */
function drawOutside(pen: Pen, theme: Theme, { left, top, width, height }: Box, { above, below }: ValueScale): void {
  const say = (arrow: string, count: number, middle: number) => {
    if (count === 0) return;
    const text = `${arrow} ${outsideText(count)}`;
    const right = left + width - 4;
    const length = LETTER * text.length;
    pen.rect(
      { left: right - length, top: middle - 8, width: length, height: 16 },
      { color: theme.color('--card'), opacity: 0.85 },
    );
    pen.text(text, right - 4, middle, { color: theme.color('--muted'), align: 'right', baseline: 'middle' });
  };
  say('↑', above, top + 9);
  say('↓', below, top + height - 14);
}

function outsideText(count: number): string {
  return `${count} ${count === 1 ? 'value lies' : 'values lie'} outside`;
}
