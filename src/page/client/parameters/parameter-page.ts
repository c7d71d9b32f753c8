import { HEALTHY_RATIOS, ratioHealth, type Statistic } from '../../../parameters/index.js';
import type { ShownSubject } from '../../history/latest-updates.js';
import type { Mark } from '../../history/marks.js';
import type { RunHistory } from '../../history/run-history.js';
import { isDrawn, type Line } from '../chart/line.js';
import { drawCharts, LineChart } from '../curves/line-chart.js';
import { layerLine, parameterLine } from '../curves/lines.js';
import { el, setAttribute, setText } from '../parts/dom.js';
import { plural, readable, whole } from '../parts/format.js';
import { indexIn } from '../parts/index-in.js';
import type { Part } from '../parts/lazy-part.js';
import { lineColor, lineLook } from '../parts/palette.js';
import { panel } from '../parts/panel.js';
import { shortNames } from '../parts/short-names.js';
import { nameLink } from '../parts/shown-name.js';
import type { Work } from '../parts/slices.js';
import type { Absence, NamedRow } from '../state/named.js';
import { momentsOf, shownSubjects } from '../state/shown-subjects.js';
import { type Subject, subjectOf } from '../state/subject.js';
import type { View } from '../state/view.js';
import { HappeningList } from '../tables/happenings.js';
import { HistogramOverTime } from './histogram-over-time.js';

const STATISTICS = [
  ['updateRatio', 'Ratio of updates', 'update norm ÷ weight norm; the band is healthy'],
  ['updateNorm', 'Norm of updates', undefined],
  ['weightNorm', 'Norm of weights', undefined],
  ['gradientNorm', 'Norm of gradients', undefined],
] as const satisfies readonly (readonly [Statistic, string, string | undefined])[];

const NAME_CHARACTERS = 48;

/** Of a parameter. */
const ABSENT: Readonly<Record<Absence, string>> = {
  coming: 'Its numbers are on their way.',
  failed: 'Its numbers could not be had; they are asked for again.',
  nowhere: 'Nobody has kept its numbers.',
};

/** Of the names of all. */
const NAMES_ABSENT: Readonly<Record<Absence, string>> = {
  coming: 'The names of the parameters are on their way.',
  failed: 'The names of the parameters could not be had; they are asked for again.',
  nowhere: 'The page has the layers of this model only, and none of this name.',
};

/** All that is known of one parameter, or of one layer: in every run that has it where it is one line, else in the run in focus. */
export class ParameterPage implements Part {
  readonly root: HTMLElement;
  readonly #title = el('h2', { class: 'subject', tabindex: -1 });
  readonly #facts = el('p', { class: 'readout' });
  readonly #previous = this.#stepButton('previous');
  readonly #next = this.#stepButton('next');
  readonly #layer = el('span', {});
  readonly #missing = el('p', { class: 'hint' });
  readonly #body = el('div', { class: 'subject-body' });
  readonly #charts: readonly { readonly statistic: Statistic; readonly chart: LineChart }[];
  readonly #histograms: HistogramsOverTime;
  readonly #alerts: HappeningList;
  readonly #beside: Neighbours;
  #shown: string | undefined;

  constructor(private readonly view: View) {
    this.#charts = STATISTICS.map(([statistic, title, hint]) => ({
      statistic,
      chart: new LineChart(view, {
        title,
        log: true,
        ...(hint !== undefined && { hint }),
        ...(statistic === 'updateRatio' && { band: HEALTHY_RATIOS }),
      }),
    }));
    this.#histograms = new HistogramsOverTime(view);
    this.#alerts = new HappeningList(view, 'Alerts and control that name it, the latest first');
    this.#beside = new Neighbours(view);
    const alerts = panel('What was told of it');
    alerts.body.append(this.#alerts.root);
    const back = el('button', { type: 'button', class: 'tool', onclick: () => this.#close() }, '← All of the run');
    this.#body.append(
      el('div', { class: 'grid two' }, ...this.#charts.map(({ chart }) => chart.root)),
      this.#histograms.root,
      el('div', { class: 'grid two' }, this.#beside.root, alerts.root),
    );
    this.root = el(
      'article',
      { class: 'parameter-page' },
      el('div', { class: 'subject-head' }, back, this.#title, this.#previous, this.#next),
      el('div', { class: 'subject-facts' }, this.#facts, this.#layer),
      this.#missing,
      this.#body,
    );
    this.#listen();
  }

  *update(): Work {
    const { focus: run, choices } = this.view;
    const name = choices.parameter;
    if (name === undefined) return;
    if (this.#shown !== name) this.#opened(name);
    const subject = run && subjectOf(run, name, this.view.named.namesOf(run));
    setText(this.#title, name);
    setAttribute(this.#body, 'hidden', !subject);
    this.#showWay(subject);
    setText(this.#missing, missingText(this.view, run, name, subject));
    if (!run || !subject) return;
    setText(this.#facts, factsOf(run, subject));
    yield* drawCharts(
      this.#charts.map(({ statistic, chart }) => [chart, () => linesOf(this.view, run, subject, statistic)] as const),
    );
    this.#histograms.update(run, subject);
    yield;
    this.#beside.update(run, subject);
    this.#alerts.update(marksOf(run, subject), 'No alert and no command names it.');
  }

  #opened(name: string): void {
    this.#shown = name;
    this.view.place.root.scrollIntoView({ block: 'start' });
    this.#title.focus({ preventScroll: true });
  }

  #showWay(subject: Subject | undefined): void {
    for (const [button, name] of [
      [this.#previous, subject?.previous],
      [this.#next, subject?.next],
    ] as const) {
      setAttribute(button, 'disabled', name === undefined);
      setAttribute(button, 'title', name ?? '');
      setAttribute(button, 'data-name', name ?? '');
    }
    const layer = subject?.layer;
    if (this.#layer.dataset.layer === (layer ?? '')) return;
    setAttribute(this.#layer, 'data-layer', layer ?? '');
    this.#layer.replaceChildren(...(layer === undefined ? [] : ['Layer ', nameLink(this.view, layer)]));
  }

  #stepButton(which: 'previous' | 'next'): HTMLButtonElement {
    const text = which === 'previous' ? '↑ Previous' : '↓ Next';
    const button = el('button', { type: 'button', class: 'tool' }, text);
    button.addEventListener('click', () => this.view.openParameter(button.dataset.name!));
    return button;
  }

  #close(): void {
    this.view.choose({ parameter: undefined });
  }

  /** Escape leads back, and what was left has the focus again. */
  #listen(): void {
    const { view } = this;
    const onKey = (event: Event) => {
      const { key, defaultPrevented } = event as KeyboardEvent;
      if (key !== 'Escape' || defaultPrevented || view.choices.parameter === undefined) return;
      event.preventDefault();
      this.#close();
    };
    view.place.root.getRootNode().addEventListener('keydown', onKey, { signal: view.signal });
    view.onChange(() => {
      if (view.choices.parameter !== undefined || this.#shown === undefined) return;
      this.#shown = undefined;
      if (view.opener) focusWhenShown(view.opener);
    });
  }
}

/** The page that was left is there again when it is drawn: in a frame, or some. */
function focusWhenShown(element: HTMLElement, frames = 60): void {
  requestAnimationFrame(() => {
    if (!element.isConnected) return;
    element.focus();
    const { activeElement } = element.getRootNode() as Document | ShadowRoot;
    if (activeElement !== element && frames > 1) focusWhenShown(element, frames - 1);
  });
}

/** Why there is nothing to be seen, where there is not. */
function missingText({ named }: View, run: RunHistory | undefined, name: string, subject: Subject | undefined): string {
  if (!run) return 'No run has a parameter or layer of this name.';
  if (!subject) {
    const unknown = named.namesAbsence(run);
    return unknown ? NAMES_ABSENT[unknown] : `The run ${run.name} has no parameter or layer of this name.`;
  }
  const absence = subject.isLayer ? undefined : named.absenceOf(run, name);
  return absence ? ABSENT[absence] : '';
}

function factsOf(run: RunHistory, { isLayer, elements, place, count, members, name }: Subject): string {
  const { layers } = run.model.value ?? { layers: [] };
  const made = layers.find((layer) => layer.name === name);
  return [
    isLayer ? (made ? `${made.kind} layer` : 'layer') : 'parameter',
    `${whole(place)} of ${whole(count)}`,
    elements > 0 && plural(elements, 'element'),
    isLayer && members.length > 0 && plural(members.length, 'parameter'),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** A line for each run that has it; of a layer that has its parameters listed one for each of them. */
function linesOf(view: View, run: RunHistory, { name, row, isLayer, members }: Subject, statistic: Statistic): Line[] {
  if (row === undefined && isLayer) {
    const short = shortNames(members, NAME_CHARACTERS);
    const each = members.flatMap((member, i) => {
      const found = view.named.find(run, member);
      const look = { label: short[i]!, ...lineLook(view.theme, i + 1) };
      return found ? [parameterLine(run, found, statistic, look)] : [];
    });
    const whole =
      statistic === 'updateRatio' ? layerLine(run, name, { label: 'layer', color: lineColor(view.theme, 0) }) : [];
    return [...whole, ...each].filter(isDrawn);
  }
  const several = view.histories.runs.size > 1;
  return view.runs
    .flatMap((each) => {
      const found = view.named.find(each, name);
      const look = { label: several ? each.name : 'latest', ...lineLook(view.theme, view.placeOf(each)) };
      return found ? [parameterLine(each, found, statistic, look)] : [];
    })
    .filter(isDrawn);
}

function marksOf(run: RunHistory, { name, members, isLayer }: Subject): readonly Mark[] {
  const names = new Set(isLayer ? [name, ...members] : [name]);
  return run.marks.all.filter(({ parameter }) => parameter !== undefined && names.has(parameter));
}

/** How the elements' magnitudes changed: a picture for each kind that there is. */
class HistogramsOverTime {
  readonly root: HTMLElement;
  readonly #pictures = new Map<ShownSubject, { readonly root: HTMLElement; readonly picture: HistogramOverTime }>();
  readonly #grid = el('div', { class: 'grid three' });

  constructor(private readonly view: View) {
    const { root, body } = panel('Magnitudes over the steps', {
      hint: 'the fuller, the more of the elements',
      wide: true,
    });
    this.root = root;
    body.append(this.#grid);
  }

  update(run: RunHistory, subject: Subject): void {
    let count = 0;
    for (const kind of shownSubjects(run)) {
      const found = this.#rowOf(run, subject, kind);
      const moments = found ? momentsOf(found.history, kind, found.row) : [];
      const { root, picture } = this.#of(kind);
      picture.draw(`${run.name} ${kind} ${subject.name}`, `${kind}s of ${subject.name}`, moments);
      setAttribute(root, 'hidden', picture.root.hasAttribute('hidden'));
      if (!root.hidden) count++;
    }
    setAttribute(this.root, 'hidden', count === 0);
  }

  #rowOf(run: RunHistory, { name, isLayer, row }: Subject, kind: ShownSubject): NamedRow | undefined {
    if (kind !== 'activation') return isLayer && row === undefined ? undefined : this.view.named.find(run, name);
    const at = run.activationLayers.value.indexOf(name);
    return at < 0 ? undefined : { history: run, row: at };
  }

  #of(kind: ShownSubject) {
    let known = this.#pictures.get(kind);
    if (!known) {
      const picture = new HistogramOverTime();
      known = {
        root: el('div', {}, el('h3', {}, `${kind[0]!.toUpperCase()}${kind.slice(1)}s`), picture.root),
        picture,
      };
      this.#pictures.set(kind, known);
      this.#grid.append(known.root);
    }
    return known;
  }
}

/** The other parameters of the layer, or its own, with what the latest step did to them. */
class Neighbours {
  readonly root: HTMLElement;
  readonly #title: HTMLElement;
  readonly #rows = el('tbody', {});
  #shown = '';

  constructor(private readonly view: View) {
    const { root, body } = panel('In its layer', { hint: 'what the latest step did' });
    this.root = root;
    this.#title = root.querySelector('h2')!;
    const numbers = ['Ratio', 'Update', 'Weight'].map((title) => el('th', { scope: 'col', class: 'number' }, title));
    const head = el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Name'), ...numbers));
    const table = el('table', { class: 'movers' }, head, this.#rows);
    body.append(el('div', { class: 'table-scroll', tabindex: 0, role: 'region', 'aria-label': 'Neighbours' }, table));
  }

  update(run: RunHistory, { name, isLayer, members }: Subject): void {
    const others = members.filter((member) => member !== name);
    setAttribute(this.root, 'hidden', others.length === 0);
    setText(this.#title, isLayer ? 'Its parameters' : 'Beside it in its layer');
    const shown = JSON.stringify([run.name, name, others]);
    if (shown !== this.#shown) {
      this.#shown = shown;
      const short = shortNames(others, NAME_CHARACTERS);
      this.#rows.replaceChildren(
        ...others.map((other, i) =>
          el(
            'tr',
            {},
            el('th', { scope: 'row' }, nameLink(this.view, other, short[i]!)),
            ...[0, 1, 2].map(() => el('td', { class: 'number' })),
          ),
        ),
      );
    }
    const { updateRatio, updateNorm, weightNorm } = run.latest.value?.columns ?? {};
    for (const [i, other] of others.entries()) {
      const row = indexIn(run.rows.value.parameters, other);
      const [, ratio, update, weight] = this.#rows.children[i]!.children;
      const numberOf = (column: Float32Array | undefined) =>
        column?.[row] === undefined ? '–' : readable(column[row]);
      const health = updateRatio?.[row] === undefined ? '' : ` ${ratioHealth(updateRatio[row])}`;
      setText(ratio!, `${numberOf(updateRatio)}${health}`);
      setText(update!, numberOf(updateNorm));
      setText(weight!, numberOf(weightNorm));
    }
  }
}
