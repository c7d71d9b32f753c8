import type { Statistic } from '../../../parameters/index.js';
import type { ParameterTable } from '../../history/parameter-table.js';
import type { RunHistory } from '../../history/run-history.js';
import { lineLook } from '../parts/palette.js';
import type { NamedRow } from '../state/named.js';
import type { View } from '../state/view.js';
import { gapsBefore } from './gaps.js';
import type { Gap, Line, Look, Point } from './line-chart.js';

/** One series of every run, a line each: a hidden run has its name in the legend. */
export function runLines(view: View, series: string, label: string): Line[] {
  const several = view.allRuns.length > 1;
  return view.allRuns.flatMap((run) => {
    const look = lineLook(view.theme, view.placeOf(run));
    return seriesLine(run, series, { label: several ? run.name : label, ...look, ofRun: several }) ?? [];
  });
}

export function seriesLine(run: RunHistory, name: string, look: Look): Line | undefined {
  const series = run.shown.series.get(name);
  if (!series || series.buckets.length === 0) return undefined;
  const middle = middleOf(series.width, run.state.value.step);
  const points: (Point | Gap)[] = [];
  const nonFinite: number[] = [];
  for (const bucket of series.buckets) {
    const x = middle(bucket.start);
    points.push(bucket.count > 0 ? { x, mean: bucket.mean, min: bucket.min, max: bucket.max } : { x, mean: null });
    if (bucket.nonFinite > 0) nonFinite.push(x);
  }
  return { ...look, run, points: withGaps(points), nonFinite };
}

/** A statistic of one parameter of a run; drawn at the middle of its extremes, on a logarithmic scale. */
export function parameterLine(run: RunHistory, { history, row }: NamedRow, statistic: Statistic, look: Look): Line {
  return rowLine(run, history.shown.parameters, row, statistic, look);
}

/** The update ratio of all elements of a layer together. */
export function layerLine(run: RunHistory, layer: string, look: Look): Line[] {
  const row = run.rows.value.layers.indexOf(layer);
  return row < 0 ? [] : [rowLine(run, run.shown.layers, row, 'updateRatio', look)];
}

function rowLine(run: RunHistory, table: ParameterTable, row: number, statistic: Statistic, look: Look): Line {
  const middle = middleOf(table.width, run.state.value.step);
  const points: (Point | Gap)[] = [];
  const nonFinite: number[] = [];
  for (const { start, min, max } of table.row(row, statistic)) {
    const x = middle(start);
    const finite = Number.isFinite(max);
    points.push(finite ? { x, mean: Math.sqrt(min * max), min, max } : { x, mean: null });
    if (!finite) nonFinite.push(x);
  }
  return { ...look, run, points: withGaps(points), nonFinite };
}

/** With a gap in the middle of a stretch of steps where something is missing. */
function withGaps(points: readonly (Point | Gap)[]): (Point | Gap)[] {
  const gaps = gapsBefore(points.map(({ x }) => x));
  if (gaps.size === 0) return [...points];
  return points.flatMap((point, i) =>
    gaps.has(i) ? [{ x: (points[i - 1]!.x + point.x) / 2, mean: null }, point] : [point],
  );
}

/** Where a bucket is drawn: at its middle, as far as the run has come. */
function middleOf(width: number, lastStep: number): (start: number) => number {
  return (start) => (start + Math.max(start, Math.min(start + width - 1, lastStep))) / 2;
}
