import { el } from './dom.js';
import { LineChart } from './line-chart.js';
import { runLines } from './lines.js';
import type { Work } from './slices.js';
import type { View } from './view.js';

const PREFIX = 'metric:';

/** A small chart for each metric that the loop logs or evaluates. */
export class MetricCharts {
  readonly root = el('div', { class: 'grid three' });
  readonly #charts = new Map<string, LineChart>();

  constructor(private readonly view: View) {}

  *update(): Work {
    const names = new Set(
      this.view.runs.flatMap((run) => [...run.series.keys()].filter((name) => name.startsWith(PREFIX))),
    );
    for (const name of names) {
      if (!this.#charts.has(name)) {
        const chart = new LineChart(this.view, { title: name.slice(PREFIX.length), height: 180 });
        this.#charts.set(name, chart);
        this.root.append(chart.root);
      }
    }
    this.root.hidden = names.size === 0;
    for (const [name, chart] of this.#charts) {
      chart.update(runLines(this.view, name, 'value'));
      yield;
    }
  }
}
