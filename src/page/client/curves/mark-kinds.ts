import type { Mark, MarkKind } from '../../history/marks.js';

/** What a mark is called. */
export function kindText({ kind, severity, phase }: Mark): string {
  if (kind === 'alert') return phase === 'end' ? 'over' : (severity ?? 'alert');
  return KIND_NAMES[kind];
}

/** What the marks of a kind are called together. */
export const KIND_NAMES: Readonly<Record<MarkKind, string>> = {
  alert: 'alert',
  control: 'control',
  save: 'checkpoint',
  epoch: 'epoch',
  resumed: 'resumed',
  'sink-error': 'sink failed',
  stopped: 'stopped',
  failed: 'failed',
};
