import { HEALTHY_RATIOS } from '../../parameters/index.js';
import { ConfusionPanel } from './confusion.js';
import { el, setText } from './dom.js';
import { whole } from './format.js';
import { Happenings } from './happenings.js';
import { Header } from './header.js';
import { Heatmap } from './heatmap.js';
import { HistogramPanel } from './histogram.js';
import { LineChart } from './line-chart.js';
import { parameterLine, runLines, seriesLine } from './lines.js';
import { MetricCharts } from './metric-charts.js';
import { ModelPanel } from './model-panel.js';
import { Movers } from './movers.js';
import { lineColor } from './palette.js';
import { ParameterChoice } from './parameter-choice.js';
import { RunBar } from './run-bar.js';
import { onTheme } from './theme.js';
import { Tiles } from './tiles.js';
import { ValuesPanel } from './values-panel.js';
import type { View } from './view.js';
import { Welcome } from './welcome.js';

/** Put the page together, and draw it again whenever the view changes: once a frame at most. */
export function startApp(root: HTMLElement, view: View): void {
  const parts = [new Header(view), new RunBar(view), new Welcome(view), new Tiles(view)] as const;
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
  const histogram = new HistogramPanel(view);
  const confusion = new ConfusionPanel(view);
  const model = new ModelPanel(view);
  const values = new ValuesPanel(view);
  const happenings = new Happenings(view);
  const omitted = el('p', { class: 'hint' });

  const norms = el(
    'section',
    { class: 'norms', 'aria-label': 'Norms of chosen parameters' },
    choice.root,
    el('div', { class: 'grid three' }, updateNorm.root, weightNorm.root, gradientNorm.root),
  );
  const main = el(
    'main',
    {},
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
  root.append(
    header.root,
    runBar.root,
    main,
    el('footer', {}, 'Drag over a chart to zoom into steps, double-click to see all; the arrow keys read values.'),
  );

  function draw(): void {
    for (const part of parts) part.update();
    loss.update(runLines(view, 'loss', 'loss'));
    ratio.update(runLines(view, 'medianRatio', 'median'));
    rate.update(runLines(view, 'learningRate', 'learning rate'));
    speed.update(runLines(view, 'stepsPerSecond', 'steps/s'));
    metrics.update();
    choice.update();
    drawNorms();
    heatmap.update();
    movers.update();
    histogram.update();
    confusion.update();
    model.update();
    values.update();
    happenings.update();
    setText(omitted, omittedText(view));
  }

  function drawNorms(): void {
    const run = view.focus;
    for (const [chart, statistic] of [
      [updateNorm, 'updateNorm'],
      [weightNorm, 'weightNorm'],
      [gradientNorm, 'gradientNorm'],
    ] as const) {
      const all = run && seriesLine(run, statistic, { label: 'all together', color: lineColor(0), dashed: true });
      const each = run
        ? choice.chosen.map(({ name, row, color }) => parameterLine(run, row, statistic, { label: name, color }))
        : [];
      chart.update([
        ...(all ? [all] : []),
        ...each.filter(({ points, nonFinite }) => points.length > 0 || nonFinite?.length),
      ]);
    }
    norms.hidden = !run || run.rows.value.parameters.length === 0;
  }

  let asked = false;
  const ask = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
  view.onChange(ask);
  onTheme(ask);
  draw();
}

/** Nothing is lost silently. */
function omittedText(view: View): string {
  const omitted = Object.entries(view.focus?.omitted.value ?? {});
  if (omitted.length === 0) return '';
  const list = omitted.map(([what, count]) => `${what} (${whole(count)})`).join(', ');
  return `Left out, as the page could not keep up or had no room: ${list}.`;
}
