import type { RunHistory } from '../history/run-history.js';
import { type Line, LineChart } from './line-chart.js';
import { seriesLine } from './lines.js';
import { lineColor } from './palette.js';
import type { Work } from './slices.js';
import type { View } from './view.js';

const PREFIX = 'metric:';

/** What a metric may be of, as its series says it, and as the page does. */
const PHASES = [
  ['log', 'train'],
  ['eval', 'evaluation'],
  ['predict', 'prediction'],
] as const;

/** A small chart for each metric, of the training and of its evaluations together. */
export class MetricCharts {
  readonly #charts = new Map<string, LineChart>();

  constructor(private readonly view: View) {}

  get roots(): readonly HTMLElement[] {
    return Array.from(this.#charts.values(), ({ root }) => root);
  }

  *update(): Work {
    const names = new Set(this.view.runs.flatMap((run) => [...run.series.keys()].flatMap(metricOf)));
    for (const name of names) {
      if (this.#charts.has(name)) continue;
      const chart = new LineChart(this.view, { title: `Metric: ${name}`, height: 180 });
      this.#charts.set(name, chart);
    }
    for (const [name, chart] of this.#charts) {
      chart.update(this.#lines(name));
      yield;
    }
  }

  /** One run has a colour a phase; of several each has its own, and what is not of the training is dashed. */
  #lines(name: string): Line[] {
    const several = this.view.histories.runs.size > 1;
    return this.view.runs.flatMap((run: RunHistory) =>
      PHASES.flatMap(([section, phase], i) => {
        const look = several
          ? { label: `${run.name} ${phase}`, color: lineColor(this.view.theme, this.view.placeOf(run)), dashed: i > 0 }
          : { label: phase, color: lineColor(this.view.theme, i) };
        return seriesLine(run, `${PREFIX}${section}/${name}`, look) ?? [];
      }),
    );
  }
}

/** The name of a series' metric without what it is of; none for other series. */
function metricOf(series: string): readonly string[] {
  return series.startsWith(PREFIX) ? [series.slice(series.indexOf('/') + 1)] : [];
}
