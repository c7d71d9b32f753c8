import { ratioHealth } from '../../parameters/ratio-health.js';
import { duration, plain, short, shorten } from '../../sinks/console/format.js';
import type { Series } from '../series/series.js';
import type { Colour, Paint } from '../terminal.js';
import type { RunSummary } from './run-summary.js';
import { sparkline } from './sparkline.js';

export interface TextOptions {
  readonly paint: Paint;
  /** Columns there are; `Infinity` where nothing has to be shortened. */
  readonly width: number;
  /** How many parameters to show, the fastest; all by default. */
  readonly top?: number;
}

const SPARK_WIDTH = 24;

/** The lines about a run as a whole. */
export function runLines(summary: RunSummary, { paint, width }: TextOptions): string[] {
  const { run, steps, epoch, beganAt, endedAt, finished, losses, learningRates } = summary;
  const seconds = (endedAt - (beganAt ?? endedAt)) / 1000;
  const speed = seconds > 0 ? `, ${short(steps / seconds)} steps/s` : '';
  const state = finished ? '' : ', not ended';
  return [
    `${paint('bold', plain(run))}  ${steps} steps, epoch ${short(epoch)}, ${duration(seconds)}${speed}${state}`,
    ...courseLine('loss', losses, paint),
    ...courseLine('learning rate', learningRates, paint),
    ...evaluationLine(summary),
    ...alertLines(summary, paint),
    ...summary.sinkErrors.map((message) => paint('red', `sink error     ${plain(message)}`)),
  ].map((line) => (width === Infinity || line.includes('\u001b') ? line : shorten(line, width)));
}

const label = (text: string): string => text.padEnd(15);

function courseLine(name: string, values: readonly number[], paint: Paint): string[] {
  if (values.every(Number.isNaN)) return [];
  const change = `${short(values[0]!)} → ${short(values.at(-1)!)}`.padEnd(22);
  return [`${label(name)}${change}${paint('blue', sparkline(values, SPARK_WIDTH))}`];
}

function evaluationLine({ evaluated }: RunSummary): string[] {
  if (!evaluated) return [];
  const metrics = Object.entries(evaluated.metrics).map(([name, value]) => `${plain(name)} ${short(value)}`);
  return [`${label('evaluation')}${metrics.join('  ')}  (step ${evaluated.step})`];
}

function alertLines({ alerts, lastAlert }: RunSummary, paint: Paint): string[] {
  if (!lastAlert) return [];
  const counts = (['error', 'warning', 'info'] as const).flatMap((severity) =>
    alerts[severity] > 0 ? [`${alerts[severity]} ${severity}`] : [],
  );
  const colour = alerts.error > 0 ? 'red' : 'yellow';
  return [
    `${label('alerts')}${paint(colour, counts.join(', '))}`,
    `${label('')}step ${lastAlert.step}: ${plain(lastAlert.message)}`,
  ];
}

const CELL = 10;
const LEAST_NAME = 16;

/** The table of the parameters: first, last, least and most of one statistic, and its course. */
export function tableLines(
  series: readonly Series[],
  statistic: string | undefined,
  { paint, width, top = Infinity }: TextOptions,
): string[] {
  const isRatio = statistic === 'updateRatio';
  const rows = top < series.length ? fastest(series, top) : series;
  const used = 4 * CELL + 2 + SPARK_WIDTH + (isRatio ? 11 : 0);
  const longest = rows.reduce((length, { name }) => Math.max(length, [...plain(name)].length), 'parameter'.length);
  const nameWidth = Math.min(longest, Math.max(LEAST_NAME, width - used));
  const heading = ['first', 'last', 'least', 'most'].map((title) => title.padStart(CELL)).join('');
  const title = statistic === undefined ? 'over the steps' : wordsOf(statistic);
  const lines = [paint('dim', `${'parameter'.padEnd(nameWidth)}${heading}  ${title}`)];
  for (const { name, values } of rows) {
    const cells = [values[0]!, values.at(-1)!, ...extent(values)].map((value) => short(value).padStart(CELL)).join('');
    const course = sparkline(values, SPARK_WIDTH);
    const health = isRatio ? ratioHealth(values.at(-1)!) : undefined;
    const mark = health ? `${' '.repeat(SPARK_WIDTH - [...course].length)}  ${paint(COLOURS[health], health)}` : '';
    lines.push(`${pad(shorten(plain(name), nameWidth), nameWidth)}${cells}  ${paint('blue', course)}${mark}`);
  }
  if (rows.length < series.length) lines.push(paint('dim', `… ${series.length - rows.length} slower ones left out`));
  return lines;
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
  return text + ' '.repeat(Math.max(0, width - [...text].length));
}

/** Those that moved most at the last; NaN before all. */
function fastest(series: readonly Series[], count: number): readonly Series[] {
  const rank = ({ values }: Series) => {
    const last = values.at(-1)!;
    return Number.isNaN(last) ? Infinity : last;
  };
  return [...series].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a))).slice(0, count);
}

function extent(values: readonly number[]): [number, number] {
  let least = values[0]!;
  let most = values[0]!;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}
