import { HEALTHY_RATIOS } from '../../parameters/index.js';
import { ChartFlow } from './curves/chart-flow.js';
import { drawCharts, type Line, LineChart, type LineChartOptions } from './curves/line-chart.js';
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

/** The charts that every run has, and what they draw. */
const CHARTS: readonly (readonly [LineChartOptions, lines: (view: View) => readonly Line[]])[] = [
  [{ title: 'Loss', height: 260 }, lossLines],
  [
    {
      title: 'Update ratio',
      hint: 'median of all parameters; the band is healthy',
      log: true,
      band: HEALTHY_RATIOS,
      height: 260,
    },
    (view) => runLines(view, 'medianRatio', 'median'),
  ],
  [{ title: 'Learning rate', height: 180 }, (view) => runLines(view, 'learningRate', 'learning rate')],
  [
    { title: 'Throughput', hint: 'steps per second', height: 180 },
    (view) => runLines(view, 'stepsPerSecond', 'steps/s'),
  ],
];

/** The parts of a body, made one after another: all at once would take the page's thread for long. */
function* partsOf(view: View) {
  const charts: LineChart[] = [];
  for (const [options] of CHARTS) {
    charts.push(new LineChart(view, options));
    yield;
  }
  const [tiles, heatmap] = [new Tiles(view), new Heatmap(view)];
  yield;
  const [norms, histogram] = [new Norms(view), new HistogramPanel(view)];
  yield;
  const [movers, happenings] = [new Movers(view), new Happenings(view)];
  yield;
  const [confusion, model, values] = [confusionPanel(view), modelPanel(view), valuesPanel(view)];
  return { charts, tiles, heatmap, norms, histogram, movers, happenings, confusion, model, values };
}

type Parts = ReturnType<typeof partsOf> extends Generator<undefined, infer T> ? T : never;

type LookedAt = Pick<View, 'focus' | 'looks'>;

/** All that is shown of the runs, below the head of the page; or of one parameter. */
export class Body implements Part {
  readonly root: HTMLElement;
  readonly #metrics: MetricCharts;
  readonly #flow: ChartFlow;
  readonly #sections: readonly Part[];
  readonly #isSeen: ReadonlyMap<Part, () => boolean>;
  /** What was looked at when each was brought up to date last. */
  readonly #updated = new Map<Part, LookedAt>();
  /** Those of them that stand beside each other. */
  readonly #pairs: readonly HTMLElement[];
  readonly #owners: Owners;
  readonly #runTable: LazyPart;
  readonly #parameterPage: LazyPart;
  readonly #omitted = el('p', { class: 'hint left-out' });

  static *make(view: View, note?: () => string): Generator<undefined, Body> {
    return new Body(view, yield* partsOf(view), note);
  }

  private constructor(
    private readonly view: View,
    private readonly parts: Parts,
    private readonly note: () => string = () => '',
  ) {
    const { tiles, heatmap, movers, happenings, norms, histogram, confusion, model, values } = parts;
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
    this.#sections = [heatmap, movers, happenings, norms, histogram, confusion, model, values];
    this.#isSeen = new Map(this.#sections.map((part) => [part, view.watch(part.root)]));
    const ofOneRun = [tiles, ...this.#sections].map(({ root }) => root);
    this.#owners = new Owners(view, ofOneRun);
    const [moved, tables] = [beside(movers, happenings), beside(confusion, model)];
    moved.classList.add('moved');
    this.#pairs = [moved, tables];
    this.root = el(
      'div',
      { class: 'body' },
      this.#parameterPage.root,
      this.#runTable.root,
      tiles.root,
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
    this.parts.tiles.update();
    yield;
    yield* this.#drawCharts();
    const { focus, looks } = this.view;
    for (const part of this.#sections) {
      if (this.#isUpToDate(part)) continue;
      yield* part.update() ?? [];
      this.#updated.set(part, { focus, looks });
      yield;
    }
    for (const row of this.#pairs) arrange(row);
    this.#owners.update();
    setText(this.#omitted, [leftOutText(this.view), this.note()].filter(Boolean).join(' '));
  }

  /** What is out of sight is brought up to date when it comes into sight, unless something else is looked at. */
  #isUpToDate(part: Part): boolean {
    const { focus, looks } = this.view;
    const updated = this.#updated.get(part);
    if (!updated || updated.focus !== focus || updated.looks !== looks) return false;
    return !part.root.hidden && !this.#isSeen.get(part)!();
  }

  *#drawCharts(): Work {
    const { charts } = this.parts;
    const metrics = this.#metrics.update();
    yield;
    const all = [...CHARTS.map(([, lines], i) => [charts[i]!, () => lines(this.view)] as const), ...metrics];
    const [loss, ratio, rate, speed] = charts.map(({ root }) => root);
    yield* drawCharts(all, () => {
      const roots = this.#metrics.roots;
      this.#flow.update([loss!, ratio!], [...roots.learnt, rate!, speed!, ...roots.speed]);
    });
  }
}

function beside(...parts: readonly Part[]): HTMLElement {
  return el('div', { class: 'grid two' }, ...parts.map(({ root }) => root));
}

/** A row of the page in which nothing is shown takes no place, and what is alone in one has all of it. */
function arrange(row: HTMLElement): void {
  row.hidden = false;
  const shown = [...row.querySelectorAll('.panel')].filter((panel) => panel.closest('[hidden]') === null);
  row.hidden = shown.length === 0;
  row.classList.toggle('alone', shown.length === 1);
}
