import type { Statistic } from '../../parameters/index.js';
import type { RunHistory } from '../history/run-history.js';
import type { Gap, Line, Look, Point } from './line-chart.js';
import { lineColor } from './palette.js';
import type { View } from './view.js';

/** One series of every run, a line each: a hidden run has its name in the legend. */
export function runLines(view: View, series: string, label: string): Line[] {
  const several = view.allRuns.length > 1;
  return view.allRuns.flatMap((run) => {
    const color = lineColor(view.theme, view.placeOf(run));
    return seriesLine(run, series, { label: several ? run.name : label, color, ofRun: several }) ?? [];
  });
}

/** What an evaluation's line looks like beside that of the training. */
export const EVALUATION_DASH = [6, 4];

export function seriesLine(run: RunHistory, name: string, look: Look): Line | undefined {
  const series = run.shown.series.get(name);
  if (!series) return undefined;
  const middle = middleOf(series.width, run.state.value.step);
  const points: (Point | Gap)[] = [];
  const nonFinite: number[] = [];
  for (const bucket of series.buckets) {
    const x = middle(bucket.start);
    points.push(bucket.count > 0 ? { x, mean: bucket.mean, min: bucket.min, max: bucket.max } : { x, mean: null });
    if (bucket.nonFinite > 0) nonFinite.push(x);
  }
  return { ...look, run, points, nonFinite };
}

/** A statistic of one parameter; drawn at the middle of its extremes, on a logarithmic scale. */
export function parameterLine(run: RunHistory, row: number, statistic: Statistic, look: Look): Line {
  const { parameters } = run.shown;
  const middle = middleOf(parameters.width, run.state.value.step);
  const points: (Point | Gap)[] = [];
  const nonFinite: number[] = [];
  for (const { start, min, max } of parameters.row(row, statistic)) {
    const x = middle(start);
    const finite = Number.isFinite(max);
    points.push(finite ? { x, mean: Math.sqrt(min * max), min, max } : { x, mean: null });
    if (!finite) nonFinite.push(x);
  }
  return { ...look, run, points, nonFinite };
}

/** Where a bucket is drawn: at its middle, as far as the run has come. */
function middleOf(width: number, lastStep: number): (start: number) => number {
  return (start) => (start + Math.max(start, Math.min(start + width - 1, lastStep))) / 2;
}
