import { duration } from '../../events/duration.js';
import type { AlertEvent } from '../../events/events.js';
import { SEVERITIES } from '../../events/severities.js';
import { ratioHealth } from '../../parameters/ratio-health.js';
import { plain, short, shorten } from '../../sinks/console/format.js';
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
  const { run, steps, epoch, beganAt, endedAt, losses, learningRates } = summary;
  const seconds = (endedAt - (beganAt ?? endedAt)) / 1000;
  const speed = seconds > 0 ? `, ${short(steps / seconds)} steps/s` : '';
  return [
    `${paint('bold', plain(run))}  ${steps} steps, epoch ${short(epoch)}, ${duration(seconds)}${speed}${stateText(summary)}`,
    ...endLine(summary, paint),
    ...courseLine('loss', losses, paint),
    ...courseLine('learning rate', learningRates, paint),
    ...evaluationLine(summary),
    ...alertLines(summary, paint),
    ...summary.sinkErrors.map((message) => paint('red', `sink error     ${plain(message)}`)),
  ].flatMap((line) => wrapped(line, width));
}

/** How it ended; nothing where it did, and an old file does not say how. */
function stateText({ finished, end }: RunSummary): string {
  if (end) return `, ${end.status}`;
  return finished ? '' : ', not ended';
}

/** Why it ended before its time. */
function endLine({ end }: RunSummary, paint: Paint): string[] {
  if (!end || end.status === 'completed') return [];
  const why = end.reason === undefined ? '' : `: ${plain(end.reason)}`;
  return [paint(end.status === 'failed' ? 'red' : 'yellow', `${label(end.status)}at step ${end.step}${why}`)];
}

const label = (text: string): string => text.padEnd(15);

/** A line that is too long goes on below its text; one with colours, which count for none, stays as it is. */
function wrapped(line: string, width: number): string[] {
  if (line.length <= width || line.includes('\u001b')) return [line];
  const lines = [''];
  for (const word of line.slice(label('').length).split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trimStart();
    if (lines.at(-1) === '' || label('').length + longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((text, i) => `${i === 0 ? line.slice(0, label('').length) : label('')}${text}`);
}

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

/** Alerts that are told in full; the others are only counted. */
const ALERTS_TOLD = 3;

/** How many there were, and the worst of them in the order in which they came. */
function alertLines({ alerts }: RunSummary, paint: Paint): string[] {
  if (alerts.length === 0) return [];
  const worstFirst = SEVERITIES.toReversed().map((severity) => alerts.filter((alert) => alert.severity === severity));
  const counts = worstFirst.flatMap((each) => (each.length > 0 ? [`${each.length} ${severities(each)}`] : []));
  const told = new Set(worstFirst.flat().slice(0, ALERTS_TOLD));
  const left = alerts.length - told.size;
  return [
    `${label('alerts')}${paint(worstFirst[0]!.length > 0 ? 'red' : 'yellow', counts.join(', '))}`,
    ...alerts
      .filter((alert) => told.has(alert))
      .map(({ step, severity, message }) => `${label('')}step ${step}, ${severity}: ${plain(message)}`),
    ...(left > 0 ? [`${label('')}and ${left} more: trainscope report shows them all`] : []),
  ];
}

function severities(alerts: readonly AlertEvent[]): string {
  const { severity } = alerts[0]!;
  return alerts.length > 1 && severity !== 'info' ? `${severity}s` : severity;
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
    const cell = (value: number) => (isRatio && value === Infinity ? 'from zero' : short(value)).padStart(CELL);
    const cells = [values[0]!, values.at(-1)!, ...extent(values, isRatio)].map(cell).join('');
    const course = sparkline(values, SPARK_WIDTH);
    const health = isRatio ? ratioHealth(values.at(-1)!) : undefined;
    const mark = health ? `${' '.repeat(SPARK_WIDTH - [...course].length)}  ${paint(COLOURS[health], health)}` : '';
    lines.push(`${pad(shorten(plain(name), nameWidth), nameWidth)}${cells}  ${paint('blue', course)}${mark}`);
  }
  const left = series.length - rows.length;
  if (left > 0) lines.push(paint('dim', `… ${left} slower ${left === 1 ? 'one' : 'ones'} left out`));
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
