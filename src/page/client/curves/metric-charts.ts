import type { RunHistory } from '../../history/run-history.js';
import type { ScalarSeries } from '../../history/scalar-series.js';
import { el, setAttribute } from '../parts/dom.js';
import { readable, whole } from '../parts/format.js';
import { lineColor, lineLook } from '../parts/palette.js';
import type { View } from '../state/view.js';
import { type ChartLines, type Line, LineChart } from './line-chart.js';
import { runLines, seriesLine } from './lines.js';

const PREFIX = 'metric:';

/** What a metric may be of, as its series says it, and as the page does. */
const PHASES = [
  ['log', 'train'],
  ['eval', 'evaluation'],
  ['predict', 'prediction'],
] as const;

/** A small chart for each metric, of the training and of its evaluations together. */
export class MetricCharts {
  /** Of the run in focus: metrics that no run has told twice. */
  readonly single = el('dl', { class: 'tiles single' });
  readonly #charts = new Map<string, LineChart>();

  constructor(private readonly view: View) {}

  /** Of what is learnt; and of how fast, which stand beside the throughput. */
  get charts(): { readonly learnt: readonly LineChart[]; readonly speed: readonly LineChart[] } {
    const all = [...this.#charts];
    const those = (charts: typeof all) => charts.map(([, chart]) => chart);
    return {
      learnt: those(all.filter(([name]) => !isSpeed(name))),
      speed: those(all.filter(([name]) => isSpeed(name))),
    };
  }

  /** Charts for what there is, and what they draw. */
  update(): readonly ChartLines[] {
    const all = [...new Set(this.view.runs.flatMap((run) => [...run.series.keys()].flatMap(metricOf)))];
    const names = all.filter((name) => this.#charts.has(name) || this.view.runs.some((run) => pointsOf(run, name) > 1));
    const single = all.filter((name) => !names.includes(name));
    this.#showSingle([...single.filter((name) => !isSpeed(name)), ...single.filter(isSpeed)]);
    for (const name of names) {
      if (this.#charts.has(name)) continue;
      const chart = new LineChart(this.view, { title: `Metric: ${name}`, height: 180 });
      this.#charts.set(name, chart);
    }
    return Array.from(this.#charts, ([name, chart]) => [chart, () => this.#lines(name)] as const);
  }

  /** What was told a single time is a number, not a curve. */
  #showSingle(names: readonly string[]): void {
    const run = this.view.focus;
    const told = run ? names.flatMap((name) => singleOf(run, name)) : [];
    setAttribute(this.single, 'hidden', told.length === 0);
    const shown = JSON.stringify(told);
    if (shown === this.single.dataset.shown) return;
    setAttribute(this.single, 'data-shown', shown);
    this.single.replaceChildren(
      ...told.map(({ name, value, step }) =>
        el(
          'div',
          { class: 'tile' },
          el('dt', { title: name }, name),
          el('dd', {}, el('span', { class: 'tile-value' }, value), el('span', { class: 'tile-note' }, step)),
        ),
      ),
    );
  }

  #lines(name: string): Line[] {
    return metricLines(this.view, name, name === 'loss' ? ['log'] : PHASES.map(([phase]) => phase));
  }
}

function seriesOf(run: RunHistory, name: string): readonly ScalarSeries[] {
  return PHASES.flatMap(([section]) => run.series.get(`${PREFIX}${section}/${name}`) ?? []);
}

function pointsOf(run: RunHistory, name: string): number {
  return seriesOf(run, name).reduce((sum, { buckets }) => sum + buckets.length, 0);
}

function singleOf(run: RunHistory, name: string) {
  const bucket = seriesOf(run, name)[0]?.buckets[0];
  if (!bucket) return [];
  const value = readable(bucket.count > 0 ? bucket.mean : Number.NaN);
  return [{ name, value, step: `step ${whole(bucket.start)}` }];
}

/** Whether a metric says how fast something went, as `train_runtime` and `samples_per_second` do. */
export function isSpeed(metric: string): boolean {
  return /(^|[_/])runtime$|_per_second$/.test(metric);
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
        ? {
            label: `${run.name} ${phase}`,
            ...lineLook(view.theme, view.placeOf(run), i > 0 ? 'evaluation' : 'training'),
          }
        : { label: phase, color: lineColor(view.theme, i) };
      return seriesLine(run, `${PREFIX}${section}/${name}`, look) ?? [];
    }),
  );
}

/** The name of a series' metric without what it is of; none for other series, and for the epoch, which is an axis. */
function metricOf(series: string): readonly string[] {
  if (!series.startsWith(PREFIX)) return [];
  const name = series.slice(series.indexOf('/') + 1);
  return name === 'epoch' ? [] : [name];
}
