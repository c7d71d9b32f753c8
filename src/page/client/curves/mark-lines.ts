import type { Mark, MarkKind } from '../../history/marks.js';
import type { RunHistory } from '../../history/run-history.js';
import { axisOf, type TimeAxis } from '../chart/axis.js';
import type { Box, Pen, Stroke } from '../chart/pen.js';
import type { Theme } from '../state/theme.js';
import type { View } from '../state/view.js';

export function markColor({ kind, severity, phase }: Mark, theme: Theme): string {
  if (kind === 'control') return theme.color('--control');
  if (kind === 'stopped') return theme.color('--warning');
  if (kind === 'sink-error' || kind === 'failed') return theme.color('--error');
  if (kind === 'save' || kind === 'epoch') return theme.color('--muted');
  if (kind === 'resumed') return theme.color('--text');
  return theme.color(phase === 'end' ? '--over' : `--${severity ?? 'info'}`);
}

/** With more than so many of these in view, as a steered learning rate has, their lines would hide the curve. */
const MOST_LINES: Readonly<Partial<Record<MarkKind, number>>> = { control: 12, save: 40 };

const MOST_EPOCHS = 40;

/** A mark and how far from the left of the axis it is, 0 to 1. */
export interface PlacedMark {
  readonly mark: Mark;
  readonly share: number;
  /** Whether a person has asked for its moment. */
  readonly isPointedOut: boolean;
}

/** What is drawn on a time axis: what happened to the run in focus, where a person has not switched it off. */
export function visibleMarks(view: View, axis: TimeAxis = axisOf(view)): readonly PlacedMark[] {
  const run = view.focus;
  if (!run) return [];
  const { hiddenMarks, moment } = view.choices;
  return [...epochMarks(run, view.domain), ...run.marks.all]
    .filter(({ kind }) => !hiddenMarks.includes(kind))
    .map((mark) => ({
      mark,
      share: axis.share(axis.at(run, mark.step)),
      isPointedOut: mark.step === moment && mark.kind !== 'epoch',
    }))
    .filter(({ share }) => share >= 0 && share <= 1);
}

/** Where epochs end, as long as they can be told apart. */
function epochMarks({ clock, state }: RunHistory, [from, to]: readonly [number, number]): Mark[] {
  const first = Math.max(1, Math.ceil(clock.epochAt(from)));
  const last = Math.floor(clock.epochAt(Math.min(to, state.value.step)) + 1e-9);
  if (!(last - first < MOST_EPOCHS)) return [];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    const step = clock.stepAtEpoch(first + i);
    return { kind: 'epoch', step, epoch: first + i, time: clock.timeAt(step), source: 'training', message: '' };
  });
}

/** Draw marks over a plot: alerts as lines with a head, commands as ticks above it, checkpoints and epochs as light ones. */
export function drawMarks(pen: Pen, theme: Theme, box: Box, marks: readonly PlacedMark[]): void {
  const counts = new Map<MarkKind, number>();
  for (const { mark } of marks) counts.set(mark.kind, (counts.get(mark.kind) ?? 0) + 1);
  for (const { mark, share, isPointedOut } of marks) {
    const x = Math.round(box.left + share * box.width) + 0.5;
    const color = markColor(mark, theme);
    if (isPointedOut || counts.get(mark.kind)! <= (MOST_LINES[mark.kind] ?? Infinity)) {
      const look = isPointedOut ? { width: 3, opacity: 1 } : lookOf(mark);
      pen.line([x, box.top, x, box.top + box.height], { color, ...look });
    }
    drawHead(pen, mark, color, x, box);
  }
}

function lookOf({ kind, phase }: Mark): Omit<Stroke, 'color'> {
  if (kind === 'epoch') return { width: 1, opacity: 0.16 };
  if (kind === 'save') return { width: 1, opacity: 0.5, dash: [1, 3] };
  if (kind === 'control') return { width: 1, opacity: 0.5, dash: [5, 3] };
  if (phase === 'end') return { width: 1, opacity: 0.75, dash: [2, 4] };
  return { width: kind === 'failed' ? 2 : 1, opacity: 0.75 };
}

function drawHead(pen: Pen, { kind }: Mark, color: string, x: number, { top, height }: Box): void {
  const bottom = top + height;
  if (kind === 'epoch') pen.rect({ left: x - 0.5, top: bottom - 4, width: 1, height: 4 }, { color });
  else if (kind === 'save') pen.rect({ left: x - 1, top: bottom - 6, width: 2, height: 6 }, { color });
  else if (kind === 'control') pen.rect({ left: x - 1, top: top - 6, width: 2, height: 5 }, { color });
  else pen.area([x - 4, top - 7, x + 4, top - 7, x, top], { color });
}
