import type { Statistic } from '../../../parameters/index.js';
import type { RunHistory } from '../../history/run-history.js';
import { isDrawn, type Line } from '../chart/line.js';
import { drawCharts, LineChart } from '../curves/line-chart.js';
import { parameterLine, seriesLine } from '../curves/lines.js';
import { el } from '../parts/dom.js';
import type { Part } from '../parts/lazy-part.js';
import { lineColor } from '../parts/palette.js';
import { reveal } from '../parts/reveal.js';
import type { Work } from '../parts/slices.js';
import { type ChosenParameter, chosenParameters } from '../state/chosen-parameters.js';
import type { View } from '../state/view.js';
import { ParameterChoice } from './parameter-choice.js';

const NORMS = [
  ['updateNorm', 'Update norm'],
  ['weightNorm', 'Weight norm'],
  ['gradientNorm', 'Gradient norm'],
] as const;

/** Norms of all parameters together and of chosen ones, and the choice. */
export class Norms implements Part {
  readonly root: HTMLElement;
  readonly #choice: ParameterChoice;
  readonly #charts: readonly LineChart[];

  constructor(private readonly view: View) {
    this.#choice = new ParameterChoice(view);
    this.#charts = NORMS.map(([, title]) => new LineChart(view, { title, hint: 'of chosen parameters', log: true }));
    this.root = el(
      'section',
      { class: 'norms', 'aria-label': 'Norms of chosen parameters' },
      this.#choice.root,
      el('div', { class: 'grid three' }, ...this.#charts.map(({ root }) => root)),
    );
  }

  *update(): Work {
    const { focus: run } = this.view;
    const isShown = run !== undefined && run.rows.value.parameters.length > 0;
    if (isShown) yield* this.#choice.update();
    yield* reveal(this.root, isShown);
    if (!run || !isShown) return;
    const chosen = chosenParameters(this.view, run);
    yield* drawCharts(
      NORMS.map(([statistic], i) => [this.#charts[i]!, () => this.#lines(run, statistic, chosen)] as const),
    );
  }

  #lines(run: RunHistory, statistic: Statistic, chosen: readonly ChosenParameter[]): readonly Line[] {
    const look = { label: 'all together', color: lineColor(this.view.theme, 0), dash: [6, 4] };
    const all = seriesLine(run, statistic, look);
    const each = chosen.flatMap(({ name, ...own }) => {
      const found = this.view.named.find(run, name);
      return found ? [parameterLine(run, found, statistic, { label: name, ...own })] : [];
    });
    const drawn = each.filter(isDrawn);
    return all ? [all, ...drawn] : drawn;
  }
}
