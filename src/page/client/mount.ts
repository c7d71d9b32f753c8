import { HEALTHY_RATIOS } from '../../parameters/index.js';
import { ChartFlow } from './chart-flow.js';
import { el, setText } from './dom.js';
import { Drawing } from './drawing.js';
import { whole } from './format.js';
import { Header } from './header.js';
import { LazyPart, type Part } from './lazy-part.js';
import { LineChart } from './line-chart.js';
import { runLines } from './lines.js';
import { MetricCharts } from './metric-charts.js';
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
  const metrics = new MetricCharts(view);
  const charts = new ChartFlow(view);
  const { heatmap, movers, happenings, norms, histogram, confusion, model, values } = sections(view);
  const runTable = new LazyPart(view, {
    isNeeded: () => view.choices.runsTable && view.histories.runs.size > 1,
    load: async () => new (await import('./on-demand.js')).RunTable(view),
  });
  const parameterPage = new LazyPart(view, {
    isNeeded: () => view.choices.parameter !== undefined,
    load: async () => new (await import('./on-demand.js')).ParameterPage(view),
  });
  const omitted = el('p', { class: 'hint' });

  const pair = el('div', { class: 'grid two' }, movers.root, happenings.root);
  const tables = el('div', { class: 'grid two' }, confusion.root, model.root);
  const main = el(
    place.embedded ? 'div' : 'main',
    { class: 'main' },
    parameterPage.root,
    welcome.root,
    runTable.root,
    tiles.root,
    charts.root,
    heatmap.root,
    pair,
    norms.root,
    histogram.root,
    tables,
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
      [rate, 'learningRate', 'learning rate'],
      [speed, 'stepsPerSecond', 'steps/s'],
    ] as const) {
      chart.update(runLines(view, series, label));
      yield;
    }
    yield* metrics.update();
    charts.update([loss.root, ratio.root], [...metrics.roots, rate.root, speed.root]);
    yield;
    for (const part of [heatmap, movers, happenings, norms, histogram, confusion, model, values]) {
      yield* part.update();
      yield;
    }
    for (const row of [pair, tables]) hideWhereEmpty(row);
    setText(omitted, [omittedText(view), note?.()].filter(Boolean).join(' '));
  }

  const drawing = new Drawing(place.root, { draw, slices, intervalMs, onError, signal });
  view.onChange((byPerson) => drawing.ask(byPerson));
  view.theme.onChange(() => drawing.ask(true));
  signal.addEventListener('abort', () => {
    for (const part of page) part.remove();
  });
  drawing.ask(true);
}

/** What is shown when there is data for it. */
function sections(view: View) {
  const code = () => import('./sections.js');
  const later = (isNeeded: () => boolean, load: () => Promise<Part>) => new LazyPart(view, { isNeeded, load });
  const hasParameters = () => (view.focus?.rows.value.parameters.length ?? 0) > 0;
  return {
    heatmap: later(hasParameters, async () => new (await code()).Heatmap(view)),
    movers: later(hasParameters, async () => new (await code()).Movers(view)),
    norms: later(hasParameters, async () => new (await code()).Norms(view)),
    happenings: later(
      () => view.focus !== undefined,
      async () => new (await code()).Happenings(view),
    ),
    histogram: later(
      () => shownSubjects(view.focus).length > 0,
      async () => new (await code()).HistogramPanel(view),
    ),
    confusion: later(
      () => view.focus?.confusion.value !== undefined,
      async () => (await code()).confusionPanel(view),
    ),
    model: later(
      () => view.focus?.model.value !== undefined,
      async () => (await code()).modelPanel(view),
    ),
    values: later(
      () => view.focus?.values.value !== undefined,
      async () => (await code()).valuesPanel(view),
    ),
  };
}

/** A row of the page in which nothing is shown takes no place. */
function hideWhereEmpty(row: HTMLElement): void {
  row.hidden = false;
  row.hidden = [...row.querySelectorAll('.panel')].every((panel) => panel.closest('[hidden]') !== null);
}

/** Nothing is lost silently. */
function omittedText(view: View): string {
  const omitted = Object.entries(view.focus?.omitted.value ?? {});
  if (omitted.length === 0) return '';
  const list = omitted.map(([what, count]) => `${what} (${whole(count)})`).join(', ');
  return `Left out, as the page could not keep up or had no room: ${list}.`;
}
