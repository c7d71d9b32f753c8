import { scaleLinear, scaleLog } from 'd3-scale';
import { plain } from '../events/index.js';
import { shorten } from '../sinks/console/index.js';
import { extent, LARGEST, logarithmicDomain, numberText, type Scale, ticksOf } from './axes.js';
import { lineColours } from './colours.js';
import type { Series } from './series.js';
import { escaped, FAINT, FONT, pathOf, TEXT } from './svg.js';
import { type Point, thinOut } from './thin-out.js';

export interface ChartOptions {
  /** What the y axis is of. Default: `Parameter Update Norm`. */
  readonly yLabel?: string;
  /** A logarithmic y axis. */
  readonly log?: boolean;
  /** Pixels. Default: 1000, or 1400 for more than 60 lines. */
  readonly width?: number;
}

/** From here on lines are thin, and names small. */
const MANY = 60;
const PLOT_HEIGHT = 560;
const MARGIN = { top: 24, right: 28, bottom: 64, left: 86 };

/** What a chart leaves out: points that no axis has a place for. */
interface LeftOut {
  nonFinite: number;
  notPositive: number;
}

/** The tutorial's chart as SVG: one line a parameter, over the training steps, with a legend below. */
export function chart(series: readonly Series[], options: ChartOptions = {}): string {
  const { yLabel = 'Parameter Update Norm', log = false, width = series.length > MANY ? 1400 : 1000 } = options;
  const leftOut: LeftOut = { nonFinite: 0, notPositive: 0 };
  const isDrawn = (value: number) => {
    const finite = Math.abs(value) < LARGEST;
    if (finite && (!log || value > 1 / LARGEST)) return true;
    if (finite) leftOut.notPositive++;
    else leftOut.nonFinite++;
    return false;
  };
  const drawn = series.map(({ values }) => values.map(isDrawn));
  const x = stepScale(series, width);
  const y = valueScale(series, drawn, log);
  const colours = lineColours(series.length);
  const legend = legendOf(series, colours, width);
  const height = MARGIN.top + PLOT_HEIGHT + MARGIN.bottom + legend.height;
  const lines = series.map((each, i) => line(each, drawn[i]!, x, y, colours[i]!, series.length));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${FONT} role="img" aria-label="${escaped(yLabel)} by Training Step">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    grid(x, y, log, width),
    `<g fill="none" stroke-linejoin="round" stroke-linecap="round">${lines.join('\n')}</g>`,
    labels(yLabel, width),
    note(leftOut, width),
    legend.svg,
    '</svg>',
    '',
  ].join('\n');
}

function stepScale(series: readonly Series[], width: number): Scale {
  const [first, last] = extent(series.flatMap(({ steps }) => (steps.length > 0 ? [steps] : [])));
  return scaleLinear()
    .domain(first === last ? [first - 1, last + 1] : [first, last])
    .range([MARGIN.left + 8, width - MARGIN.right - 8]);
}

function valueScale(series: readonly Series[], drawn: readonly (readonly boolean[])[], log: boolean): Scale {
  const [least, most] = extent(series.map(({ values }, i) => values.filter((_, point) => drawn[i]![point])));
  const range = [MARGIN.top + PLOT_HEIGHT, MARGIN.top];
  if (log) {
    return scaleLog().domain(logarithmicDomain(least, most)).range(range);
  }
  const domain = Number.isFinite(least) ? [Math.min(0, least), most > 0 || least < 0 ? most : 1] : [0, 1];
  return scaleLinear().domain(domain).range(range).nice();
}

function line(
  { name, steps, values }: Series,
  drawn: readonly boolean[],
  x: Scale,
  y: Scale,
  colour: string,
  count: number,
): string {
  const many = count > MANY;
  const runs: Point[][] = [[]];
  for (let i = 0; i < steps.length; i++) {
    if (drawn[i]) runs.at(-1)!.push([x(steps[i]!), y(values[i]!)]);
    else if (runs.at(-1)!.length > 0) runs.push([]);
  }
  const path = runs.map((points) => pathOf(thinOut(points, many ? 2 : 1))).join('');
  const weight = many ? 'stroke-width="1" stroke-opacity="0.75"' : 'stroke-width="1.5"';
  return `<path d="${path}" stroke="${colour}" ${weight}><title>${escaped(name)}</title></path>`;
}

function grid(x: Scale, y: Scale, log: boolean, width: number): string {
  const bottom = MARGIN.top + PLOT_HEIGHT;
  const right = width - MARGIN.right;
  const parts: string[] = [];
  for (const tick of ticksOf(y, log)) {
    const at = y(tick).toFixed(1);
    parts.push(`<path d="M${MARGIN.left},${at}H${right}" stroke="${FAINT}"/>`);
    parts.push(`<text x="${MARGIN.left - 8}" y="${at}" dy="4" text-anchor="end">${numberText(tick)}</text>`);
  }
  for (const tick of x.ticks(Math.max(2, Math.floor(width / 100))).filter(Number.isInteger)) {
    const at = x(tick).toFixed(1);
    parts.push(`<path d="M${at},${MARGIN.top}V${bottom}" stroke="${FAINT}"/>`);
    parts.push(`<text x="${at}" y="${bottom + 20}" text-anchor="middle">${tick}</text>`);
  }
  parts.push(`<path d="M${MARGIN.left},${MARGIN.top}V${bottom}H${right}" stroke="${TEXT}" fill="none"/>`);
  return parts.join('\n');
}

function labels(yLabel: string, width: number): string {
  const middle = MARGIN.top + PLOT_HEIGHT / 2;
  const centre = (MARGIN.left + width - MARGIN.right) / 2;
  return [
    `<text x="${centre}" y="${MARGIN.top + PLOT_HEIGHT + 46}" text-anchor="middle" font-size="14">Training Step</text>`,
    `<text transform="translate(22 ${middle}) rotate(-90)" text-anchor="middle" font-size="14">${escaped(yLabel)}</text>`,
  ].join('\n');
}

function note({ nonFinite, notPositive }: LeftOut, width: number): string {
  const said = [
    nonFinite > 0 && `${nonFinite} ${nonFinite === 1 ? 'value is' : 'values are'} not finite`,
    notPositive > 0 && `${notPositive} ${notPositive === 1 ? 'is' : 'are'} zero or below`,
  ].filter(Boolean);
  if (said.length === 0) return '';
  const y = MARGIN.top + PLOT_HEIGHT + 46;
  return `<text x="${width - MARGIN.right}" y="${y}" text-anchor="end" font-size="11" fill="#777">not drawn: ${said.join(', ')}</text>`;
}

interface Legend {
  readonly svg: string;
  readonly height: number;
}

/** All names, in columns that are read from above, as many as fit. */
function legendOf(series: readonly Series[], colours: readonly string[], width: number): Legend {
  const size = series.length > MANY ? 8.5 : 11;
  // What a letter of DejaVu Sans takes, on the average of a name.
  const glyph = size * 0.57;
  const swatch = 2 * size;
  const left = MARGIN.right;
  const room = width - left - MARGIN.right;
  const most = Math.floor((room - swatch - 16) / glyph);
  const names = series.map(({ name }) => shorten(plain(name), most));
  const longest = names.reduce((length, name) => Math.max(length, [...name].length), 0);
  const columnWidth = longest * glyph + swatch + 18;
  const columns = Math.max(1, Math.min(series.length, Math.floor(room / columnWidth)));
  const rows = Math.ceil(series.length / columns);
  const lineHeight = size * 1.5;
  const top = MARGIN.top + PLOT_HEIGHT + MARGIN.bottom + lineHeight / 2;
  const entries = names.map((name, i) => {
    const x = left + Math.floor(i / rows) * columnWidth;
    const y = top + (i % rows) * lineHeight;
    return (
      `<path d="M${x.toFixed(1)},${y.toFixed(1)}h${swatch}" stroke="${colours[i]}" stroke-width="2"/>` +
      `<text x="${(x + swatch + 6).toFixed(1)}" y="${y.toFixed(1)}" dy="${(size * 0.36).toFixed(1)}">${escaped(name)}</text>`
    );
  });
  return { svg: `<g font-size="${size}">${entries.join('\n')}</g>`, height: Math.ceil(rows * lineHeight + 16) };
}
