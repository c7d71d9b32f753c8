import type { Mark } from '../history/marks.js';
import { color } from './theme.js';
import type { View } from './view.js';

/** What is drawn on a time axis: alerts, control and failed sinks of the run in focus. */
export function visibleMarks(view: View): readonly Mark[] {
  const [from, to] = view.domain;
  return (view.focus?.marks.all ?? []).filter(
    ({ kind, step }) => (kind === 'alert' || kind === 'control' || kind === 'sink-error') && step >= from && step <= to,
  );
}

export function markColor({ kind, severity, phase }: Mark): string {
  if (kind === 'control') return color('--control');
  if (kind === 'sink-error') return color('--error');
  return color(phase === 'end' ? '--over' : `--${severity ?? 'info'}`);
}

/** A line over the height of a chart, with a head that can be seen where many lines cross. */
export function drawMark(ctx: CanvasRenderingContext2D, mark: Mark, x: number, top: number, bottom: number): void {
  const unit = devicePixelRatio;
  ctx.strokeStyle = markColor(mark);
  ctx.fillStyle = markColor(mark);
  ctx.lineWidth = unit;
  ctx.setLineDash(mark.phase === 'end' ? [2 * unit, 4 * unit] : mark.kind === 'control' ? [5 * unit, 3 * unit] : []);
  // A steered learning rate has many commands: their lines must not hide the curve.
  ctx.globalAlpha = mark.kind === 'control' ? 0.3 : 0.75;
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(x - 4 * unit, top - 7 * unit);
  ctx.lineTo(x + 4 * unit, top - 7 * unit);
  ctx.lineTo(x, top);
  ctx.fill();
}
