import { HEALTHY_RATIOS } from '../../parameters/index.js';
import { ChartBar } from './chart-bar.js';
import { confusionPanel } from './confusion-panel.js';
import { el, setText } from './dom.js';
import { Drawing } from './drawing.js';
import { Enlarged } from './enlarged.js';
import { whole } from './format.js';
import { Happenings } from './happenings.js';
import { Header } from './header.js';
import { Heatmap } from './heatmap.js';
import { HistogramPanel } from './histogram.js';
import { isPoint, LineChart } from './line-chart.js';
import { EVALUATION_DASH, parameterLine, runLines, seriesLine } from './lines.js';
import { lossLines, MetricCharts } from './metric-charts.js';
import { modelPanel } from './model-panel.js';
import { Movers } from './movers.js';
import { lineColor } from './palette.js';
import { ParameterChoice } from './parameter-choice.js';
import { RunBar } from './run-bar.js';
import { Slices, type Work } from './slices.js';
import { Tiles } from './tiles.js';
import { valuesPanel } from './values-panel.js';
import type { View } from './view.js';
import { Welcome } from './welcome.js';

export interface MountOptions {
  /** The longest that drawing holds the main thread, about. Default: as long as it takes. */
  readonly slices?: Slices;
  /** Milliseconds between two drawings of new records, at least. Default: 0, a frame. */
  readonly intervalMs?: number;
  /** Buttons beside the others at the top. */
  readonly tools?: readonly HTMLElement[];
  /** What is said at the end of the page, besides what was left out. */
  readonly note?: () => string;
  /** Told of what drawing failed with; nothing is drawn afterwards. */
  readonly onError?: (cause: unknown) => void;
}

/** Put the page together in its place, and draw it again whenever the view changes, until its signal takes it away. */
export function mountPage(view: View, options: MountOptions = {}): void {
  const {
    slices = new Slices(Infinity, view.signal),
    intervalMs = 0,
    tools = [],
    note,
    onError = reportError,
  } = options;
  const { place, signal } = view;
  const chartBar = new ChartBar(view);
  const parts = [
    new Header(view, tools, chartBar.root),
    chartBar,
    new RunBar(view),
    new Welcome(view),
    new Tiles(view),
  ] as const;
  const [header, , runBar, welcome, tiles] = parts;
  const loss = new LineChart(view, { title: 'Loss', height: 260 });
  const rate = new LineChart(view, { title: 'Learning rate', height: 180 });
  const speed = new LineChart(view, { title: 'Throughput', hint: 'steps per second', height: 180 });
  const ratio = new LineChart(view, {
    title: 'Update ratio',
    hint: 'median of all parameters; the band is healthy',
    log: true,
    band: HEALTHY_RATIOS,
    height: 260,
  });
  const updateNorm = new LineChart(view, { title: 'Update norm', hint: 'of chosen parameters', log: true });
  const weightNorm = new LineChart(view, { title: 'Weight norm', hint: 'of chosen parameters', log: true });
  const gradientNorm = new LineChart(view, { title: 'Gradient norm', hint: 'of chosen parameters', log: true });
  const metrics = new MetricCharts(view);
  const choice = new ParameterChoice(view);
  const heatmap = new Heatmap(view);
  const movers = new Movers(view);
  const histogram = new HistogramPanel(view);
  const confusion = confusionPanel(view);
  const model = modelPanel(view);
  const values = valuesPanel(view);
  const happenings = new Happenings(view);
  const omitted = el('p', { class: 'hint' });

  const norms = el(
    'section',
    { class: 'norms', 'aria-label': 'Norms of chosen parameters' },
    choice.root,
    el('div', { class: 'grid three' }, updateNorm.root, weightNorm.root, gradientNorm.root),
  );
  const main = el(
    place.embedded ? 'div' : 'main',
    { class: 'main' },
    welcome.root,
    tiles.root,
    el('div', { class: 'grid two' }, loss.root, ratio.root),
    metrics.root,
    confusion.root,
    heatmap.root,
    el('div', { class: 'grid two' }, movers.root, happenings.root),
    norms,
    histogram.root,
    el('div', { class: 'grid two' }, rate.root, speed.root),
    model.root,
    values.root,
    omitted,
  );
  const hint =
    'Drag over a chart to zoom into steps, double-click to see all. With the keyboard: arrows read values, + and − zoom, ' +
    'Shift with arrows moves, 0 shows all. Ctrl or Shift with the wheel zooms.';
  const page = [header.root, runBar.root, main, el('footer', {}, hint), view.announcer];
  place.root.classList.add('app');
  place.root.append(...page);
  const enlarged = new Enlarged(view, [chartBar.root, view.announcer]);

  function* draw(): Work {
    for (const part of parts) {
      part.update();
      yield;
    }
    loss.update(lossLines(view));
    yield;
    ratio.update(runLines(view, 'medianRatio', 'median'));
    yield;
    yield* metrics.update();
    yield* heatmap.update();
    movers.update();
    yield;
    happenings.update();
    yield;
    choice.update();
    yield* drawNorms();
    for (const part of [histogram, confusion, model, values]) {
      part.update();
      yield;
    }
    rate.update(runLines(view, 'learningRate', 'learning rate'));
    yield;
    speed.update(runLines(view, 'stepsPerSecond', 'steps/s'));
    enlarged.update();
    setText(omitted, [omittedText(view), note?.()].filter(Boolean).join(' '));
  }

  function* drawNorms(): Work {
    const run = view.focus;
    for (const [chart, statistic] of [
      [updateNorm, 'updateNorm'],
      [weightNorm, 'weightNorm'],
      [gradientNorm, 'gradientNorm'],
    ] as const) {
      const all =
        run &&
        seriesLine(run, statistic, { label: 'all together', color: lineColor(view.theme, 0), dash: EVALUATION_DASH });
      const each = run
        ? choice.chosen.map(({ name, row, color }) => parameterLine(run, row, statistic, { label: name, color }))
        : [];
      chart.update([
        ...(all ? [all] : []),
        ...each.filter(({ points, nonFinite }) => points.some(isPoint) || nonFinite?.length),
      ]);
      yield;
    }
    norms.hidden = !run || run.rows.value.parameters.length === 0;
  }

  const drawing = new Drawing(place.root, { draw, slices, intervalMs, onError, signal });
  view.onChange((byPerson) => drawing.ask(byPerson));
  view.theme.onChange(() => drawing.ask(true));
  signal.addEventListener('abort', () => {
    for (const part of page) part.remove();
  });
  drawing.ask(true);
}

/** Nothing is lost silently. */
function omittedText(view: View): string {
  const omitted = Object.entries(view.focus?.omitted.value ?? {});
  if (omitted.length === 0) return '';
  const list = omitted.map(([what, count]) => `${what} (${whole(count)})`).join(', ');
  return `Left out, as the page could not keep up or had no room: ${list}.`;
}
