import { expect, test } from 'vitest';
import { CanvasPen } from '../../../../src/page/client/chart/canvas-pen.js';

/** A context that keeps what was stroked: each path with the offset of its dashes. */
function recorder() {
  const strokes: { readonly offset: number; readonly points: number[][] }[] = [];
  let path: number[][] = [];
  const ctx = {
    lineDashOffset: 0,
    beginPath: () => {
      path = [];
    },
    moveTo: (x: number, y: number) => path.push([x, y]),
    lineTo: (x: number, y: number) => path.push([x, y]),
    stroke: () => strokes.push({ offset: ctx.lineDashOffset, points: path }),
    setLineDash: () => {},
  };
  return { pen: new CanvasPen(ctx as unknown as CanvasRenderingContext2D, 'sans-serif'), strokes, ctx };
}

const LINE = { color: '#abcdef', width: 1.75 };
/** Each point 3 to the right of the one before. */
const along = (from: number, count: number) => Array.from({ length: count }, (_, i) => [3 * (from + i), 1]);

test('a long line is drawn in pieces that meet, each stretch of it once; gaps stay', () => {
  const { pen, strokes } = recorder();
  const [left, alone, right] = [along(0, 25), along(26, 1), along(28, 12)];
  pen.line([...left, [75, Number.NaN], ...alone, [81, Number.NaN], ...right].flat(), LINE);
  const drawn = strokes.flatMap(({ points }) => points.slice(1).map((point, i) => [points[i], point]));
  const stretches = (points: number[][]) => points.slice(1).map((point, i) => [points[i], point]);
  expect(drawn).toEqual([...stretches(left), ...stretches(alone), ...stretches(right)]);
  expect(Math.max(...strokes.map(({ points }) => points.length))).toBe(11);
});

test('dashes go on from piece to piece, and begin anew after a gap', () => {
  const { pen, strokes, ctx } = recorder();
  pen.line([...along(0, 25), [75, Number.NaN], ...along(26, 12)].flat(), { ...LINE, dash: [6, 4] });
  expect(strokes.map(({ offset }) => offset)).toEqual([0, 30, 60, 0, 30]);
  expect(ctx.lineDashOffset).toBe(0);
});

test('what lets something through is drawn at once: nothing of it lies over itself', () => {
  const { pen, strokes } = recorder();
  pen.line(along(0, 25).flat(), { ...LINE, opacity: 0.3 });
  expect(strokes).toHaveLength(1);
});
