import { HEALTHY_RATIOS } from '../../parameters/index.js';
import { chosenParameters } from './chosen-parameters.js';
import { el, setText } from './dom.js';
import { Drawing } from './drawing.js';
import { whole } from './format.js';
import { Happenings } from './happenings.js';
import { Header } from './header.js';
import { Heatmap } from './heatmap.js';
import { LazyPart } from './lazy-part.js';
import { LineChart } from './line-chart.js';
import { parameterLine, runLines, seriesLine } from './lines.js';
import { MetricCharts } from './metric-charts.js';
import { Movers } from './movers.js';
import { lineColor } from './palette.js';
import { ParameterChoice } from './parameter-choice.js';
import { RunBar } from './run-bar.js';
import { shownSubjects } from './shown-subjects.js';
import { Slices, type Work } from './slices.js';
import { Tiles } from './tiles.js';
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
  const parts = [new Header(view, tools), new RunBar(view), new Welcome(view), new Tiles(view)] as const;
  const [header, runBar, welcome, tiles] = parts;
  const loss = new LineChart(view, { title: 'Loss', log: 'choice', smooth: true, height: 260 });
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
  const histogram = new LazyPart(view, {
    isNeeded: () => shownSubjects(view.focus).length > 0,
    load: async () => new (await import('./histogram.js')).HistogramPanel(view),
  });
  const confusion = new LazyPart(view, {
    isNeeded: () => view.focus?.confusion.value !== undefined,
    load: async () => (await import('./confusion-panel.js')).confusionPanel(view),
  });
  const model = new LazyPart(view, {
    isNeeded: () => view.focus?.model.value !== undefined,
    load: async () => (await import('./model-panel.js')).modelPanel(view),
  });
  const values = new LazyPart(view, {
    isNeeded: () => view.focus?.values.value !== undefined,
    load: async () => (await import('./values-panel.js')).valuesPanel(view),
  });
  const runTable = new LazyPart(view, {
    isNeeded: () => view.choices.runsTable && view.histories.runs.size > 1,
    load: async () => new (await import('./run-table.js')).RunTable(view),
  });
  const parameterPage = new LazyPart(view, {
    isNeeded: () => view.choices.parameter !== undefined,
    load: async () => new (await import('./parameter-page.js')).ParameterPage(view),
  });
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
    parameterPage.root,
    welcome.root,
    runTable.root,
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
  const hint = 'Drag over a chart to zoom into steps, double-click to see all; the arrow keys read values.';
  const page = [header.root, runBar.root, main, el('footer', {}, hint), view.announcer];
  place.root.classList.add('app');
  place.root.append(...page);

  function* draw(): Work {
    for (const part of parts) {
      part.update();
      yield;
    }
    yield* parameterPage.update();
    main.classList.toggle('one-parameter', !parameterPage.root.hidden);
    if (!parameterPage.root.hidden) return;
    yield* runTable.update();
    for (const [chart, series, label] of [
      [loss, 'loss', 'loss'],
      [ratio, 'medianRatio', 'median'],
    ] as const) {
      chart.update(runLines(view, series, label));
      yield;
    }
    yield* metrics.update();
    yield* heatmap.update();
    movers.update();
    yield;
    happenings.update();
    yield;
    yield* choice.update();
    yield* drawNorms();
    for (const part of [histogram, confusion, model, values]) {
      yield* part.update();
      yield;
    }
    rate.update(runLines(view, 'learningRate', 'learning rate'));
    yield;
    speed.update(runLines(view, 'stepsPerSecond', 'steps/s'));
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
        run && seriesLine(run, statistic, { label: 'all together', color: lineColor(view.theme, 0), dashed: true });
      const each = run
        ? chosenParameters(view, run).map(({ name, row, ...look }) =>
            parameterLine(run, row, statistic, { label: name, ...look }),
          )
        : [];
      chart.update([
        ...(all ? [all] : []),
        ...each.filter(({ points, nonFinite }) => points.length > 0 || nonFinite?.length),
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
