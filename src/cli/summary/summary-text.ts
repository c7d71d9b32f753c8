import { type AlertEvent, duration, plain, SEVERITIES } from '../../events/index.js';
import { threeDigits } from '../../sinks/console/index.js';
import { columnsOf, counted, type Paint } from '../terminal.js';
import type { RunSummary } from './run-summary.js';
import { sparkline } from './sparkline.js';
import { SPARK_WIDTH, type TextOptions } from './table-text.js';

/** The lines about a run as a whole. */
export function runLines(summary: RunSummary, { paint, width }: TextOptions): string[] {
  return [
    ...wrapped('', titleOf(summary, paint), width),
    ...endLine(summary, paint, width),
    ...courseLine('loss', summary.losses, paint, width),
    ...courseLine('learning rate', summary.learningRates, paint, width),
    ...[...evaluationLine(summary), ...alertLines(summary, paint)].flatMap(([label, text]) =>
      wrapped(label, text, width),
    ),
    ...summary.sinkErrors.flatMap((message) => wrapped('sink error', paint('red', plain(message)), width)),
  ];
}

function titleOf(summary: RunSummary, paint: Paint): string {
  const { run, steps, epoch, beganAt, endedAt } = summary;
  const seconds = (endedAt - (beganAt ?? endedAt)) / 1000;
  const speed = seconds > 0 ? `, ${threeDigits(steps / seconds)} steps/s` : '';
  const course = `${counted(steps, 'step')}, epoch ${threeDigits(epoch)}, ${duration(seconds)}${speed}${stateText(summary)}`;
  return `${paint('bold', plain(run))}  ${course}`;
}

/** How it ended; nothing where it did, and an old file does not say how. */
function stateText({ finished, end }: RunSummary): string {
  if (end) return `, ${end.status}`;
  return finished ? '' : ', not ended';
}

/** Why it ended before its time. */
function endLine({ end }: RunSummary, paint: Paint, width: number): string[] {
  if (!end || end.status === 'completed') return [];
  const why = end.reason === undefined ? '' : `: ${plain(end.reason)}`;
  return wrapped(end.status, `at step ${end.step}${why}`, width).map((line) =>
    paint(end.status === 'failed' ? 'red' : 'yellow', line),
  );
}

/** A line of the summary: what it is about, and what it says. */
type Line = readonly [label: string, text: string];

const LABEL_WIDTH = 15;

/**
 * What is too long for its line goes on below its text, word by word; further to the left where a word needs it, as the
 * name of a parameter does.
 */
function wrapped(label: string, text: string, width: number): string[] {
  const room = width - LEAST_INDENT;
  const words = text.split(' ').flatMap((word) => pieces(word, room));
  const longest = Math.max(...words.map(columnsOf));
  const indent = ' '.repeat(Math.max(LEAST_INDENT, Math.min(label === '' ? 0 : LABEL_WIDTH, width - longest)));
  const first = label.trim() === '' ? indent.slice(0, label.length * LABEL_WIDTH) : label.padEnd(LABEL_WIDTH);
  const lines = [first];
  for (const [i, word] of words.entries()) {
    const longer = i === 0 ? `${first}${word}` : `${lines.at(-1)} ${word}`;
    if (columnsOf(longer) <= width) lines[lines.length - 1] = longer;
    else if (word !== '') lines.push(`${indent}${word}`);
  }
  return lines.map((line) => line.replaceAll(NO_BREAK, ' ').trimEnd());
}

const LEAST_INDENT = 2;
/** Between words that stay together. */
const NO_BREAK = '\u00a0';

/** A word, in pieces of at most `width` columns. */
function pieces(word: string, width: number): string[] {
  if (columnsOf(word) <= width) return [word];
  const found = [''];
  for (const character of word) {
    if (columnsOf(found.at(-1) + character) > width) found.push('');
    found[found.length - 1] += character;
  }
  return found;
}

const CHANGE_WIDTH = 22;
const LEAST_SPARK = 4;

function courseLine(name: string, values: readonly number[], paint: Paint, width: number): string[] {
  if (values.length === 0) return [];
  const change = `${threeDigits(values[0]!)} → ${threeDigits(values.at(-1)!)}`;
  const room = Math.min(SPARK_WIDTH, width - LABEL_WIDTH - CHANGE_WIDTH);
  if (room < LEAST_SPARK) return wrapped(name, change, width);
  return [`${name.padEnd(LABEL_WIDTH)}${change.padEnd(CHANGE_WIDTH)}${paint('blue', sparkline(values, room))}`];
}

function evaluationLine({ evaluated }: RunSummary): Line[] {
  if (!evaluated) return [];
  const metrics = Object.entries(evaluated.metrics).map(
    ([name, value]) => `${plain(name)}${NO_BREAK}${threeDigits(value)}`,
  );
  return [['evaluation', `${metrics.join('  ')}  (step${NO_BREAK}${evaluated.step})`]];
}

/** Alerts that are told in full; the others are only counted. */
const ALERTS_TOLD = 3;

/** How many there were, and the worst of them in the order in which they came. */
function alertLines({ alerts }: RunSummary, paint: Paint): Line[] {
  if (alerts.length === 0) return [];
  const worstFirst = SEVERITIES.toReversed().map((severity) => alerts.filter((alert) => alert.severity === severity));
  const counts = worstFirst.flatMap((each) => (each.length > 0 ? [`${each.length} ${severities(each)}`] : []));
  const told = new Set(worstFirst.flat().slice(0, ALERTS_TOLD));
  const left = alerts.length - told.size;
  return [
    ['alerts', paint(worstFirst[0]!.length > 0 ? 'red' : 'yellow', counts.join(', '))],
    ...alerts
      .filter((alert) => told.has(alert))
      .map(({ step, severity, message }) => [' ', `step ${step}, ${severity}: ${plain(message)}`] as const),
    ...(left > 0 ? [[' ', `and ${left} more: trainscope report shows them all`] as const] : []),
  ];
}

function severities(alerts: readonly AlertEvent[]): string {
  const { severity } = alerts[0]!;
  return alerts.length > 1 && severity !== 'info' ? `${severity}s` : severity;
}
