import { HEALTHY_RATIOS } from '../../parameters/index.js';
import { ChartFlow } from './curves/chart-flow.js';
import { drawCharts, type Line, LineChart, type LineChartOptions } from './curves/line-chart.js';
import { runLines } from './curves/lines.js';
import { lossLines, MetricCharts } from './curves/metric-charts.js';
import { leftOutText } from './head/left-out.js';
import { Owners } from './head/owners.js';
import { Tiles } from './head/tiles.js';
import type { PageEnd } from './page-end.js';
import { Heatmap } from './parameters/heatmap.js';
import { HistogramPanel } from './parameters/histogram.js';
import { Movers } from './parameters/movers.js';
import { Norms } from './parameters/norms.js';
import { el, setAttribute, setText } from './parts/dom.js';
import { LazyPart, type Part } from './parts/lazy-part.js';
import { LiveText } from './parts/live-text.js';
import type { Sight } from './parts/sight.js';
import { TURN, type Work } from './parts/slices.js';
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
  const tiles = new Tiles(view);
  yield;
  const heatmap = new Heatmap(view);
  yield;
  const norms = new Norms(view);
  yield;
  const histogram = new HistogramPanel(view);
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
  readonly #sights: ReadonlyMap<Part, Sight>;
  /** What was looked at when each was brought up to date last. */
  readonly #updated = new Map<Part, LookedAt>();
  /** Those of them that stand beside each other. */
  readonly #pairs: readonly Pair[];
  readonly #owners: Owners;
  readonly #runTable: LazyPart;
  readonly #parameterPage: LazyPart;
  readonly #omitted = el('span');
  readonly #usage = new LiveText('usage');

  static *make(view: View, end: PageEnd): Generator<undefined, Body> {
    return new Body(view, yield* partsOf(view), end);
  }

  private constructor(
    private readonly view: View,
    private readonly parts: Parts,
    private readonly end: PageEnd,
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
    // What is told in a sentence goes first: it is known then which of two that stand beside each other is alone.
    this.#sections = [heatmap, happenings, movers, norms, histogram, confusion, model, values];
    for (const { root } of [tiles, ...this.#sections]) setAttribute(root, 'hidden', true);
    this.#sights = new Map(this.#sections.map((part) => [part, view.watchPart(part.root)]));
    const ofOneRun = [tiles, ...this.#sections].map(({ root }) => root);
    this.#owners = new Owners(view, ofOneRun);
    const [moved, tables] = [beside(movers, happenings), beside(confusion, model)];
    moved.row.classList.add('moved');
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
      moved.row,
      norms.root,
      histogram.root,
      tables.row,
      values.root,
      el('p', { class: 'hint left-out' }, this.#omitted, ' ', end.usage && this.#usage.root),
    );
  }

  *update(): Work {
    yield* this.#parameterPage.update();
    const isOfOne = !this.#parameterPage.root.hidden;
    this.root.classList.toggle('one-parameter', isOfOne);
    if (isOfOne) return;
    yield* this.#runTable.update();
    yield* this.parts.tiles.update();
    if (this.view.place.embedded) yield TURN;
    yield* this.#drawCharts();
    for (const part of this.#sections) if (!this.#isUpToDate(part)) yield* this.#bringUpToDate(part);
    this.#owners.update();
    const { note, usage } = this.end;
    setText(this.#omitted, [leftOutText(this.view), note?.()].filter(Boolean).join(' '));
    this.#usage.show(usage?.() ?? '');
  }

  /** What is out of sight is brought up to date when it comes into sight, unless something else is looked at. */
  #isUpToDate(part: Part): boolean {
    const { focus, looks } = this.view;
    const updated = this.#updated.get(part);
    if (!updated || updated.focus !== focus || updated.looks !== looks) return false;
    return !part.root.hidden && !this.#sights.get(part)!.isSeen;
  }

  *#bringUpToDate(part: Part): Work {
    const { focus, looks } = this.view;
    const wasHidden = part.root.hidden;
    yield* this.#sights.get(part)!.come();
    for (const turn of part.update() ?? []) {
      if (turn === TURN) this.#arrange();
      yield turn;
      if (this.#isSkipped(part)) break;
    }
    this.#arrange();
    this.#updated.set(part, { focus, looks });
    yield wasHidden && !part.root.hidden ? TURN : undefined;
  }

  /** It has its place: what it holds comes when it comes into sight. */
  #isSkipped(part: Part): boolean {
    return this.view.place.embedded && !part.root.hidden && !this.#sights.get(part)!.isSeen;
  }

  #arrange(): void {
    for (const pair of this.#pairs) arrange(pair);
  }

  *#drawCharts(): Work {
    const { charts } = this.parts;
    const metrics = this.#metrics.update();
    yield;
    const all = [...CHARTS.map(([, lines], i) => [charts[i]!, () => lines(this.view)] as const), ...metrics];
    const [loss, ratio, rate, speed] = charts;
    yield* drawCharts(all, () => {
      const ofMetrics = this.#metrics.charts;
      this.#flow.update([loss!, ratio!], [...ofMetrics.learnt, rate!, speed!, ...ofMetrics.speed]);
    });
  }
}

/** Two parts of the page that stand beside each other. */
interface Pair {
  readonly row: HTMLElement;
  readonly parts: readonly Part[];
}

function beside(...parts: readonly Part[]): Pair {
  return { row: el('div', { class: 'grid two', hidden: true }, ...parts.map(({ root }) => root)), parts };
}

/** A row of the page in which nothing is shown takes no place, and what is alone in one has all of it. */
function arrange({ row, parts }: Pair): void {
  const shown = parts.filter(({ root }) => !root.hidden).length;
  setAttribute(row, 'hidden', shown === 0);
  row.classList.toggle('alone', shown === 1);
}
