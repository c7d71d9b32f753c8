import { type Metrics, plain, type RunEnd, type RunRecord, runEndOf, shortNumber } from '../../events/index.js';
import { threeDigits } from './format.js';

/** The line that stays for a record worth one, else undefined. */
export function noteOf(event: RunRecord): string | undefined {
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
