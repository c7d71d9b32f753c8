import { plain } from '../../events/index.js';
import { ratioHealth } from '../../parameters/index.js';
import type { Series } from '../../plot/index.js';
import { shorten, threeDigits } from '../../sinks/console/index.js';
import { type Colour, columnsOf, type Paint } from '../terminal.js';
import { sparkline } from './sparkline.js';

export interface TextOptions {
  readonly paint: Paint;
  /** Columns there are; `Infinity` where nothing has to be shortened. */
  readonly width: number;
  /** How many parameters to show, the fastest; all by default. */
  readonly top?: number;
}

/** Bars of a course where there is room. */
export const SPARK_WIDTH = 24;

const CELL = 10;
const HEALTH = 11;
/** What a name gets at least before columns are left out, and in any case. */
const GOOD_NAME = 24;
const LEAST_NAME = 8;

const COLUMNS = ['first', 'last', 'least', 'most'] as const;
type Column = (typeof COLUMNS)[number];

/** What of the table is shown. */
interface Layout {
  readonly columns: readonly Column[];
  readonly spark: number;
}

/** From the widest on: the course gets shorter, then the extremes go, then the course. */
const LAYOUTS: readonly Layout[] = [
  { columns: COLUMNS, spark: SPARK_WIDTH },
  { columns: COLUMNS, spark: 12 },
  { columns: ['first', 'last'], spark: 20 },
  { columns: ['first', 'last'], spark: 12 },
  { columns: ['last'], spark: 12 },
  { columns: ['last'], spark: 0 },
];

/** The table of the parameters: first, last, least and most of one statistic, and its course, as far as there is room. */
export function tableLines(
  series: readonly Series[],
  statistic: string | undefined,
  { paint, width, top = Infinity }: TextOptions,
): string[] {
  const isRatio = statistic === 'updateRatio' || statistic === 'update_ratio';
  const rows = chosenRows(series, top);
  const longest = rows.reduce((most, { name }) => Math.max(most, columnsOf(plain(name))), 'parameter'.length);
  const { used, ...layout } = layoutFor(width, Math.min(longest, GOOD_NAME), isRatio ? HEALTH : 0);
  const nameWidth = Math.min(longest, Math.max(LEAST_NAME, width - used));
  const title = statistic === undefined ? 'over the steps' : wordsOf(statistic);
  const heading = layout.columns.map((column) => column.padStart(CELL)).join('');
  const named = `${pad('parameter', nameWidth)}${heading}  ${title}`;
  const lines = [paint('dim', columnsOf(named) <= width ? named : `${pad('parameter', nameWidth)}${heading}`)];
  for (const each of rows) lines.push(rowLine(each, { ...layout, nameWidth, isRatio }, paint));
  const left = series.length - rows.length;
  if (left > 0) lines.push(paint('dim', `… ${left} slower ${left === 1 ? 'one' : 'ones'} left out`));
  return lines;
}

interface RowLayout extends Layout {
  readonly nameWidth: number;
  readonly isRatio: boolean;
}

function rowLine({ name, values }: Series, { columns, spark, nameWidth, isRatio }: RowLayout, paint: Paint): string {
  const of = describe(values, isRatio);
  const cells = columns.map((column) => cell(of[column], isRatio).padStart(CELL)).join('');
  const course = spark > 0 ? `  ${paint('blue', pad(sparkline(values, spark), isRatio ? spark : 0))}` : '';
  const health = isRatio ? ratioHealth(values.at(-1)!) : undefined;
  const mark = health ? `  ${paint(COLOURS[health], health)}` : '';
  return `${pad(fittedName(name, nameWidth), nameWidth)}${cells}${course}${mark}`;
}

/** The widest layout that leaves room for names, and how many columns it takes beside them. */
function layoutFor(width: number, name: number, health: number): Layout & { readonly used: number } {
  const all = LAYOUTS.map((layout) => ({
    ...layout,
    used: layout.columns.length * CELL + (layout.spark > 0 ? layout.spark + 2 : 0) + health,
  }));
  return all.find(({ used }) => used + name <= width) ?? all.at(-1)!;
}

/** The first, last, least and most of a series. */
export function describe(values: readonly number[], isRatio: boolean): Readonly<Record<Column, number>> {
  const [least, most] = extent(values, isRatio);
  return { first: values[0]!, last: values.at(-1)!, least, most };
}

/** All of them, or the fastest, NaN before all. */
export function chosenRows(series: readonly Series[], top: number): readonly Series[] {
  return top < series.length ? fastest(series, top) : series;
}

function cell(value: number, isRatio: boolean): string {
  return isRatio && value === Infinity ? 'from zero' : threeDigits(value);
}

function fittedName(name: string, width: number): string {
  let text = shorten(plain(name), width);
  // Letters that take two columns need fewer of them.
  for (let letters = width - 1; columnsOf(text) > width && letters > 0; letters--) text = shorten(plain(name), letters);
  return text;
}

const COLOURS: Readonly<Record<ReturnType<typeof ratioHealth>, Colour>> = {
  'from zero': 'dim',
  exploding: 'red',
  fast: 'yellow',
  healthy: 'green',
  slow: 'yellow',
  still: 'dim',
};

/** `updateRatio` → `update ratio` */
function wordsOf(statistic: string): string {
  return statistic.replaceAll('_', ' ').replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columnsOf(text)));
}

/** Those that moved most at the last; NaN before all. */
function fastest(series: readonly Series[], count: number): readonly Series[] {
  const rank = ({ values }: Series) => {
    const last = values.at(-1)!;
    return Number.isNaN(last) ? Infinity : last;
  };
  return [...series].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a))).slice(0, count);
}

/** The least and the most. The infinite ratio of what moved from zero is none, where there are others. */
function extent(values: readonly number[], isRatio: boolean): [number, number] {
  const counted = isRatio ? values.filter((value) => value !== Infinity) : values;
  let least = counted[0] ?? values[0]!;
  let most = least;
  for (const value of counted) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}
