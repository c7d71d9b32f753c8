import {
  type AlertEvent,
  type ConfusionMatrix,
  type ControlEvent,
  type RunRecord,
  runEndOf,
  type TrainEndEvent,
} from '../../events/index.js';
import type { TextValue } from './summary.js';

/** What a record says in words, as Markdown; most records say none. */
export function textValues(record: RunRecord): TextValue[] {
  switch (record.type) {
    case 'alert':
      return [text('alerts', alertText(record))];
    case 'control':
      return [text('control', controlText(record))];
    case 'save':
      return [text('checkpoints', plainMarkdown(record.path))];
    case 'sink-error':
      return [text('sink_errors', plainMarkdown(record.message))];
    case 'train-end':
      return endTexts(record);
    default:
      return [];
  }
}

function text(tag: string, markdown: string): TextValue {
  return { kind: 'text', tag, text: markdown };
}

function alertText({ severity, phase, rule, message }: AlertEvent): string {
  return `**${severity}**, ${plainMarkdown(rule)}${phase === 'end' ? ' is over' : ''}: ${plainMarkdown(message)}`;
}

function controlText({ command, source, message }: ControlEvent): string {
  const { kind, ...rest } = command;
  const settings = Object.values(rest).map((value) => ` ${value}`);
  return `**${kind}${settings.join('')}**, ${plainMarkdown(source)}: ${plainMarkdown(message)}`;
}

function endTexts(event: TrainEndEvent): TextValue[] {
  const end = runEndOf(event);
  if (!end) return [];
  return [text('end', `**${end.status}**${end.reason === undefined ? '' : `: ${plainMarkdown(end.reason)}`}`)];
}

/** Classes of a matrix that is written whole; a larger one would be a page of numbers. */
const MOST_CLASSES = 64;

/** A confusion matrix as a table: a row for what the examples are, a column for what they were taken for. */
export function confusionText({ classes, counts }: ConfusionMatrix): TextValue {
  const shown = classes.slice(0, MOST_CLASSES).map((name) => plainMarkdown(name).replaceAll('|', '\\|'));
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const lines = [
    row(['class', ...shown]),
    row(['---', ...shown.map(() => '---:')]),
    ...shown.map((name, i) => row([name, ...counts[i]!.slice(0, MOST_CLASSES)])),
  ];
  const more = classes.length > MOST_CLASSES ? [`\nThe first ${MOST_CLASSES} of ${classes.length} classes.`] : [];
  return text('confusion_matrix', [...lines, ...more].join('\n'));
}

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };

/** Text from anywhere, such as a parameter's name, that TensorBoard's Markdown shows as it is. */
export function plainMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()#+!<>&]/g, (character) => ENTITIES[character] ?? `\\${character}`);
}
