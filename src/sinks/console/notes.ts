import { confusionOf, type Metrics, type RunEnd, type RunRecord, runEndOf, shortNumber } from '../../events/index.js';
import { confusionLines } from './confusion-lines.js';
import { plain, threeDigits } from './format.js';
import { valuesLines } from './values-lines.js';

/** The lines that stay of a record, where it is worth some. */
export function notesOf(record: RunRecord, width: number): readonly string[] {
  if (record.type === 'parameter-values') return valuesLines(record, width);
  const note = noteOf(record);
  const matrix = confusionOf(record);
  return [...(note === undefined ? [] : [note]), ...(matrix ? confusionLines(matrix, width) : [])];
}

function noteOf(event: RunRecord): string | undefined {
  switch (event.type) {
    case 'evaluate':
      return `epoch ${threeDigits(event.epoch)}  evaluation  ${metrics(event.metrics)}`;
    case 'predict':
      return `prediction  ${metrics(event.metrics)}`;
    case 'log':
      return `step ${event.step}  ${metrics(event.metrics)}`;
    case 'save':
      return `step ${event.step}  saved ${plain(event.path)}`;
    case 'alert':
      // An end is no trouble: it has no severity.
      return `step ${event.step}  ${event.phase === 'end' ? '' : `${event.severity}: `}${plain(event.message)}`;
    case 'control':
      return `step ${event.step}  ${plain(event.source)}: ${plain(event.message)}`;
    case 'sink-error':
      return `step ${event.step}  ${plain(event.message)}`;
    case 'train-end':
      return endNote(event.step, runEndOf(event));
    default:
      return undefined;
  }
}

/** An end as planned needs no line. */
function endNote(step: number, end: RunEnd | undefined): string | undefined {
  if (!end || end.status === 'completed') return undefined;
  return `training ${end.status} at step ${step}${end.reason === undefined ? '' : `: ${plain(end.reason)}`}`;
}

function metrics(values: Metrics): string {
  return Object.entries(values)
    .map(([name, value]) => `${plain(name)} ${Number.isInteger(value) ? value : shortNumber(value, 4)}`)
    .join('  ');
}
