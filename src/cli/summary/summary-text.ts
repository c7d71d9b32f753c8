import { duration } from '../../events/duration.js';
import type { AlertEvent } from '../../events/events.js';
import { SEVERITIES } from '../../events/severities.js';
import { plain, threeDigits } from '../../sinks/console/format.js';
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

/** What is too long for its line goes on below its text, word by word. */
function wrapped(label: string, text: string, width: number): string[] {
  const indent = label === '' ? 0 : LABEL_WIDTH;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length === 0 || indent + columnsOf(longer) > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line, i) => `${i === 0 ? label.padEnd(indent) : ' '.repeat(Math.max(indent, 2))}${line.trimEnd()}`);
}

const CHANGE_WIDTH = 22;

function courseLine(name: string, values: readonly number[], paint: Paint, width: number): string[] {
  if (values.every(Number.isNaN)) return [];
  const change = `${threeDigits(values[0]!)} → ${threeDigits(values.at(-1)!)}`;
  const line = `${name.padEnd(LABEL_WIDTH)}${change.padEnd(CHANGE_WIDTH)}`;
  const room = Math.min(SPARK_WIDTH, width - LABEL_WIDTH - CHANGE_WIDTH);
  return [room < 4 ? line.trimEnd() : `${line}${paint('blue', sparkline(values, room))}`];
}

function evaluationLine({ evaluated }: RunSummary): Line[] {
  if (!evaluated) return [];
  const metrics = Object.entries(evaluated.metrics).map(([name, value]) => `${plain(name)} ${threeDigits(value)}`);
  return [['evaluation', `${metrics.join('  ')}  (step ${evaluated.step})`]];
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
