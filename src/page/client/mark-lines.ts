import type { Mark } from '../history/marks.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** What is drawn on a time axis: all marks of the run in focus but its checkpoints. */
function visibleMarks(view: View): readonly Mark[] {
  const [from, to] = view.domain;
  return (view.focus?.marks.all ?? []).filter(({ kind, step }) => kind !== 'save' && step >= from && step <= to);
}

export function markColor({ kind, severity, phase }: Mark, theme: Theme): string {
  if (kind === 'control') return theme.color('--control');
  if (kind === 'stopped') return theme.color('--warning');
  if (kind === 'sink-error' || kind === 'failed') return theme.color('--error');
  return theme.color(phase === 'end' ? '--over' : `--${severity ?? 'info'}`);
}

/** With more commands than this in view, as a steered learning rate has, their lines would hide the curve. */
const MOST_COMMAND_LINES = 12;

/** Draw marks over a chart: alerts as lines with a head, commands as ticks above it, with lines where they are few. */
export function drawMarks(
  ctx: CanvasRenderingContext2D,
  view: View,
  xOf: (step: number) => number,
  top: number,
  bottom: number,
): void {
  const marks = visibleMarks(view);
  const commands = marks.filter(({ kind }) => kind === 'control');
  for (const mark of marks) {
    const x = Math.round(xOf(mark.step)) + 0.5;
    ctx.strokeStyle = ctx.fillStyle = markColor(mark, view.theme);
    if (mark.kind !== 'control' || commands.length <= MOST_COMMAND_LINES) drawLine(ctx, mark, x, top, bottom);
    if (mark.kind === 'control') drawTick(ctx, x, top);
    else drawHead(ctx, x, top);
  }
}

function drawLine(ctx: CanvasRenderingContext2D, { kind, phase }: Mark, x: number, top: number, bottom: number): void {
  const unit = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = kind === 'failed' ? 2 * unit : unit;
  ctx.globalAlpha = kind === 'control' ? 0.5 : 0.75;
  ctx.setLineDash(phase === 'end' ? [2 * unit, 4 * unit] : kind === 'control' ? [5 * unit, 3 * unit] : []);
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
  ctx.restore();
}

function drawTick(ctx: CanvasRenderingContext2D, x: number, top: number): void {
  const unit = devicePixelRatio;
  ctx.fillRect(x - unit, top - 6 * unit, 2 * unit, 5 * unit);
}

function drawHead(ctx: CanvasRenderingContext2D, x: number, top: number): void {
  const unit = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x - 4 * unit, top - 7 * unit);
  ctx.lineTo(x + 4 * unit, top - 7 * unit);
  ctx.lineTo(x, top);
  ctx.fill();
}
