import { type RunEnd, runEndOf, type TrainingEvent } from '../../events/index.js';
import type { Mark } from './marks.js';

/** The mark that an event leaves on the time axes, if any. */
export function markOf(event: TrainingEvent): Mark | undefined {
  const { step, epoch, time } = event;
  const at = { step, epoch, time };
  switch (event.type) {
    case 'alert': {
      const { rule, severity, message, phase, parameter } = event;
      return {
        kind: 'alert',
        ...at,
        source: rule,
        message,
        severity,
        phase,
        ...(parameter !== undefined && { parameter }),
      };
    }
    case 'control': {
      const { source, message, parameter } = event;
      return { kind: 'control', ...at, source, message, ...(parameter !== undefined && { parameter }) };
    }
    case 'save':
      return { kind: 'save', ...at, source: 'checkpoint', message: event.path };
    case 'sink-error':
      return { kind: 'sink-error', ...at, source: event.sink, message: event.message };
    case 'train-end':
      return endMark(at, runEndOf(event));
    default:
      return undefined;
  }
}

/** A run that ended as planned needs no mark. */
function endMark(at: Pick<Mark, 'step' | 'epoch' | 'time'>, end: RunEnd | undefined): Mark | undefined {
  if (!end || end.status === 'completed') return undefined;
  return { kind: end.status, ...at, source: 'training', message: end.reason ?? 'No reason was given.' };
}

/** Where a run went on, having come to a step before. */
export function resumedMark(at: Pick<Mark, 'step' | 'epoch' | 'time'>, before: number, gone: readonly Mark[]): Mark {
  const alerts = gone.filter(({ kind, phase }) => kind === 'alert' && phase !== 'end').length;
  const steps = before === at.step + 1 ? `step ${before}` : `steps ${at.step + 1} to ${before}`;
  const also = alerts > 0 ? `, with ${alerts} ${alerts === 1 ? 'alert' : 'alerts'}` : '';
  const superseded = before > at.step ? `: what came of ${steps} before is superseded${also}` : '';
  return { kind: 'resumed', ...at, source: 'training', message: `goes on from step ${at.step}${superseded}` };
}
