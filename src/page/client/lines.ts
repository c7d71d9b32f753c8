import type { Statistic } from '../../parameters/index.js';
import type { RunHistory } from '../history/run-history.js';
import type { Line, Point } from './line-chart.js';
import { lineColor } from './palette.js';
import type { View } from './view.js';

/** One series of every run that is shown, a line each. */
export function runLines(view: View, series: string, label?: string): Line[] {
  const several = view.histories.runs.size > 1;
  return view.runs.flatMap((run) => {
    const line = seriesLine(run, series, {
      label: several ? run.name : (label ?? run.name),
      color: lineColor(view.theme, view.placeOf(run)),
    });
    return line ? [line] : [];
  });
}

export function seriesLine(
  run: RunHistory,
  name: string,
  look: { readonly label: string; readonly color: string; readonly dashed?: boolean },
): Line | undefined {
  const series = run.shown.series.get(name);
  if (!series) return undefined;
  const middle = middleOf(series.width, run.state.value.step);
  const points: Point[] = [];
  const nonFinite: number[] = [];
  for (const bucket of series.buckets) {
    const x = middle(bucket.start);
    if (bucket.count > 0) points.push({ x, mean: bucket.mean, min: bucket.min, max: bucket.max });
    if (bucket.nonFinite > 0) nonFinite.push(x);
  }
  return { ...look, points, nonFinite };
}

/** A statistic of one parameter; drawn at the middle of its extremes, on a logarithmic scale. */
export function parameterLine(
  run: RunHistory,
  row: number,
  statistic: Statistic,
  look: { readonly label: string; readonly color: string; readonly dashed?: boolean },
): Line {
  const { parameters } = run.shown;
  const middle = middleOf(parameters.width, run.state.value.step);
  const points: Point[] = [];
  const nonFinite: number[] = [];
  for (const { start, min, max } of parameters.row(row, statistic)) {
    const x = middle(start);
    if (Number.isFinite(max)) points.push({ x, mean: Math.sqrt(min * max), min, max });
    else nonFinite.push(x);
  }
  return { ...look, points, nonFinite };
}

/** Where a bucket is drawn: at its middle, as far as the run has come. */
function middleOf(width: number, lastStep: number): (start: number) => number {
  return (start) => (start + Math.max(start, Math.min(start + width - 1, lastStep))) / 2;
}
