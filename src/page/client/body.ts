import { HEALTHY_RATIOS } from '../../parameters/index.js';
import { ChartFlow } from './curves/chart-flow.js';
import { type Line, LineChart } from './curves/line-chart.js';
import { runLines } from './curves/lines.js';
import { lossLines, MetricCharts } from './curves/metric-charts.js';
import { leftOutText } from './head/left-out.js';
import { Owners } from './head/owners.js';
import { Tiles } from './head/tiles.js';
import { Heatmap } from './parameters/heatmap.js';
import { HistogramPanel } from './parameters/histogram.js';
import { Movers } from './parameters/movers.js';
import { Norms } from './parameters/norms.js';
import { el, setText } from './parts/dom.js';
import { LazyPart, type Part } from './parts/lazy-part.js';
import type { Work } from './parts/slices.js';
import type { View } from './state/view.js';
import { confusionPanel } from './tables/confusion-panel.js';
import { Happenings } from './tables/happenings.js';
import { modelPanel } from './tables/model-panel.js';
import { valuesPanel } from './tables/values-panel.js';

export { ChartBar } from './head/chart-bar.js';

/** All that is shown of the runs, below the head of the page; or of one parameter. */
export class Body implements Part {
  readonly root: HTMLElement;
  readonly #tiles: Tiles;
  readonly #charts: readonly (readonly [chart: LineChart, lines: () => readonly Line[]])[];
  readonly #metrics: MetricCharts;
  readonly #flow: ChartFlow;
  readonly #sections: readonly Part[];
  /** Those of them that stand beside each other. */
  readonly #pairs: readonly HTMLElement[];
  readonly #owners: Owners;
  readonly #runTable: LazyPart;
  readonly #parameterPage: LazyPart;
  readonly #omitted = el('p', { class: 'hint left-out' });

  constructor(
    private readonly view: View,
    private readonly note: () => string = () => '',
  ) {
    const loss = new LineChart(view, { title: 'Loss', height: 260 });
    const ratio = new LineChart(view, {
      title: 'Update ratio',
      hint: 'median of all parameters; the band is healthy',
      log: true,
      band: HEALTHY_RATIOS,
      height: 260,
    });
    const rate = new LineChart(view, { title: 'Learning rate', height: 180 });
    const speed = new LineChart(view, { title: 'Throughput', hint: 'steps per second', height: 180 });
    this.#charts = [
      [loss, () => lossLines(view)],
      [ratio, () => runLines(view, 'medianRatio', 'median')],
      [rate, () => runLines(view, 'learningRate', 'learning rate')],
      [speed, () => runLines(view, 'stepsPerSecond', 'steps/s')],
    ];
    this.#tiles = new Tiles(view);
    this.#metrics = new MetricCharts(view);
    this.#flow = new ChartFlow(view);
    this.#runTable = new LazyPart(view, {
      isNeeded: () => view.choices.runsTable && view.histories.runs.size > 1,
      load: async () => new (await import('./on-demand.js')).RunTable(view),
    });
    this.#parameterPage = new LazyPart(view, {
      isNeeded: () => view.choices.parameter !== undefined,
      load: async () => new (await import('./on-demand.js')).ParameterPage(view),
    });
    const [heatmap, movers, happenings] = [new Heatmap(view), new Movers(view), new Happenings(view)];
    const [norms, histogram] = [new Norms(view), new HistogramPanel(view)];
    const [confusion, model, values] = [confusionPanel(view), modelPanel(view), valuesPanel(view)];
    this.#sections = [heatmap, movers, happenings, norms, histogram, confusion, model, values];
    const ofOneRun = [this.#tiles, ...this.#sections].map(({ root }) => root);
    this.#owners = new Owners(view, ofOneRun);
    const beside = (...parts: readonly Part[]) => el('div', { class: 'grid two' }, ...parts.map(({ root }) => root));
    const [moved, tables] = [beside(movers, happenings), beside(confusion, model)];
    moved.classList.add('moved');
    this.#pairs = [moved, tables];
    this.root = el(
      'div',
      { class: 'body' },
      this.#parameterPage.root,
      this.#runTable.root,
      this.#tiles.root,
      this.#flow.root,
      this.#metrics.single,
      heatmap.root,
      moved,
      norms.root,
      histogram.root,
      tables,
      values.root,
      this.#omitted,
    );
  }

  *update(): Work {
    yield* this.#parameterPage.update();
    const isOfOne = !this.#parameterPage.root.hidden;
    this.root.classList.toggle('one-parameter', isOfOne);
    if (isOfOne) return;
    yield* this.#runTable.update();
    this.#tiles.update();
    yield* this.#drawCharts();
    for (const part of this.#sections) {
      yield* part.update() ?? [];
      yield;
    }
    for (const row of this.#pairs) arrange(row);
    this.#owners.update();
    setText(this.#omitted, [leftOutText(this.view), this.note()].filter(Boolean).join(' '));
  }

  *#drawCharts(): Work {
    for (const [chart, lines] of this.#charts) {
      yield* chart.update(lines);
      yield;
    }
    yield* this.#metrics.update();
    const [loss, ratio, rate, speed] = this.#charts.map(([{ root }]) => root);
    this.#flow.update([loss!, ratio!], [...this.#metrics.roots, rate!, speed!]);
    yield;
  }
}

/** A row of the page in which nothing is shown takes no place, and what is alone in one has all of it. */
function arrange(row: HTMLElement): void {
  row.hidden = false;
  const shown = [...row.querySelectorAll('.panel')].filter((panel) => panel.closest('[hidden]') === null);
  row.hidden = shown.length === 0;
  row.classList.toggle('alone', shown.length === 1);
}
