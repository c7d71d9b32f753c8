import { el } from './dom.js';
import { type Line, LineChart } from './line-chart.js';
import { EVALUATION_DASH, runLines, seriesLine } from './lines.js';
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
  readonly root = el('div', { class: 'grid three' });
  readonly #charts = new Map<string, LineChart>();

  constructor(private readonly view: View) {}

  *update(): Work {
    const names = new Set(this.view.runs.flatMap((run) => [...run.series.keys()].flatMap(metricOf)));
    for (const name of names) {
      if (this.#charts.has(name)) continue;
      const chart = new LineChart(this.view, { title: `Metric: ${name}`, height: 180 });
      this.#charts.set(name, chart);
      this.root.append(chart.root);
    }
    this.root.hidden = names.size === 0;
    for (const [name, chart] of this.#charts) {
      chart.update(this.#lines(name));
      yield;
    }
  }

  #lines(name: string): Line[] {
    return metricLines(this.view, name, name === 'loss' ? ['log'] : PHASES.map(([phase]) => phase));
  }
}

/** The loss that the loop says of each step, and that of its evaluations. */
export function lossLines(view: View): Line[] {
  const evaluations = metricLines(view, 'loss', ['eval', 'predict']);
  const label = evaluations.length > 0 ? 'train' : 'loss';
  return [...runLines(view, 'loss', label), ...evaluations];
}

/** One run has a colour a phase; of several each has its own, and what is not of the training is dashed. */
function metricLines(view: View, name: string, phases: readonly string[]): Line[] {
  const several = view.allRuns.length > 1;
  return view.allRuns.flatMap((run) =>
    PHASES.flatMap(([section, phase], i) => {
      if (!phases.includes(section)) return [];
      const look = several
        ? { label: `${run.name} ${phase}`, color: lineColor(view.theme, view.placeOf(run)) }
        : { label: phase, color: lineColor(view.theme, i) };
      const line = seriesLine(run, `${PREFIX}${section}/${name}`, look);
      return line ? [several && i > 0 ? { ...line, dash: EVALUATION_DASH } : line] : [];
    }),
  );
}

/** The name of a series' metric without what it is of; none for other series. */
function metricOf(series: string): readonly string[] {
  return series.startsWith(PREFIX) ? [series.slice(series.indexOf('/') + 1)] : [];
}
