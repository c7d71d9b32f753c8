import type { MagnitudeHistogram } from '../../../parameters/index.js';
import type { ShownSubject } from '../../history/latest-updates.js';
import type { RunHistory } from '../../history/run-history.js';
import { el, setAttribute, setText, svg } from '../parts/dom.js';
import { percent, tick, whole } from '../parts/format.js';
import type { Part } from '../parts/lazy-part.js';
import { panel } from '../parts/panel.js';
import { histogramsOf, momentsOf, shownSubjects } from '../state/shown-subjects.js';
import type { View } from '../state/view.js';
import { HistogramOverTime } from './histogram-over-time.js';
import { elementsOf, middleText } from './histogram-words.js';

const WIDTH = 480;
const HEIGHT = 200;
const AXIS = 22;

/** How large the elements of one parameter are, or what one layer gives, in powers of two: now, at first, and between. */
export class HistogramPanel implements Part {
  readonly root: HTMLElement;
  readonly #subject = el('select', { 'aria-label': 'Magnitudes of' });
  readonly #parameter = el('select', { class: 'grow', 'aria-label': 'Parameter or layer' });
  readonly #plot = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    class: 'histogram',
    role: 'img',
    'aria-label': 'Magnitudes',
  });
  readonly #note = el('p', { class: 'readout' });
  readonly #overTime = new HistogramOverTime();
  readonly #overTimeBox: HTMLElement;
  readonly #boxes: HTMLElement;
  #names: readonly string[] = [];
  #subjects = '';

  constructor(private readonly view: View) {
    const { root, body } = panel('Magnitude histogram', { hint: 'elements by power of two', wide: true });
    this.root = root;
    const key = el(
      'ul',
      { class: 'legend' },
      el('li', {}, el('span', { class: 'swatch bar' }), 'latest'),
      el('li', {}, el('span', { class: 'swatch outline' }), 'first'),
    );
    const hint = el('p', { class: 'hint' }, 'over the steps: the fuller, the more of the elements');
    this.#overTimeBox = el('div', {}, hint, this.#overTime.root);
    this.#boxes = el('div', { class: 'grid two' }, el('div', {}, key, this.#plot, this.#note), this.#overTimeBox);
    body.append(el('div', { class: 'controls' }, this.#subject, this.#parameter), this.#boxes);
    this.#subject.addEventListener('change', () =>
      view.choose({ histogramSubject: this.#subject.value as ShownSubject, histogramOf: undefined }),
    );
    this.#parameter.addEventListener('change', () => view.choose({ histogramOf: this.#parameter.value }));
  }

  update(): undefined {
    const run = this.view.focus;
    const subjects = shownSubjects(run);
    setAttribute(this.root, 'hidden', subjects.length === 0);
    if (!run || subjects.length === 0) return;
    this.#offer(run, subjects);
    this.#draw();
  }

  /** What a person has chosen where the run has it, else the first. */
  #offer(run: RunHistory, subjects: readonly ShownSubject[]): void {
    const { histogramSubject, histogramOf } = this.view.choices;
    if (subjects.join() !== this.#subjects) {
      this.#subjects = subjects.join();
      this.#subject.replaceChildren(...subjects.map((subject) => el('option', { value: subject }, `${subject}s`)));
    }
    this.#subject.value = subjects.find((subject) => subject === histogramSubject) ?? subjects[0]!;
    const names = this.#subject.value === 'activation' ? run.activationLayers.value : run.rows.value.parameters;
    if (names !== this.#names) {
      this.#names = names;
      this.#parameter.replaceChildren(...names.map((name) => el('option', { value: name }, name)));
    }
    const shown = histogramOf !== undefined && names.includes(histogramOf) ? histogramOf : names[0];
    if (shown !== undefined && this.#parameter.value !== shown) this.#parameter.value = shown;
  }

  #draw(): void {
    const run = this.view.focus;
    const name = this.#parameter.value;
    const row = this.#names.indexOf(name);
    const subject = this.#subject.value as ShownSubject;
    const latest = run && histogramsOf(run, subject).latest.value?.histograms[subject]?.[row];
    const moments = run ? momentsOf(run, subject, row) : [];
    const first = moments[0]?.histogram;
    // A single moment has no course.
    setAttribute(this.#overTimeBox, 'hidden', moments.length < 2);
    this.#boxes.classList.toggle('two', moments.length >= 2);
    this.#overTime.draw(`${run?.name} ${subject} ${name}`, `${subject}s of ${name}`, moments);
    if (!latest) {
      this.#plot.replaceChildren();
      setText(this.#note, '');
      return;
    }
    const shown = [latest, ...(first ? [first] : [])].filter(({ counts }) => counts.length > 0);
    const from = Math.min(-4, ...shown.map(({ firstExponent }) => firstExponent));
    const to = Math.max(0, ...shown.map(({ firstExponent, counts }) => firstExponent + counts.length));
    const most = Math.max(1, ...shown.flatMap(({ counts }) => counts));
    const x = (exponent: number) => ((exponent - from) / (to - from)) * WIDTH;
    const y = (count: number) => (HEIGHT - AXIS) * (1 - count / most);
    this.#plot.replaceChildren(...bars(latest, x, y), ...(first ? [outline(first, x, y)] : []), ...ticks(from, to, x));
    const elements = elementsOf(latest);
    const note = [
      `${whole(elements)} elements`,
      `${whole(latest.zeros)} are zero${latest.zeros > 0 ? ` (${percent(latest.zeros / elements)})` : ''}`,
      `${whole(latest.nonFinite)} are not finite`,
    ].join(', ');
    setText(this.#note, note);
    setAttribute(this.#plot, 'aria-label', `${subject}s of ${name}: ${note}; ${middleText(latest)}`);
  }
}

type Scale = (value: number) => number;

function bars({ firstExponent, counts }: MagnitudeHistogram, x: Scale, y: Scale): SVGElement[] {
  return counts.map((count, i) => {
    const left = x(firstExponent + i);
    const width = Math.max(0.5, x(firstExponent + i + 1) - left - 1.5);
    return svg('rect', { class: 'bar', x: left, y: y(count), width, height: HEIGHT - AXIS - y(count), rx: 1 });
  });
}

function outline({ firstExponent, counts }: MagnitudeHistogram, x: Scale, y: Scale): SVGElement {
  const steps = counts.flatMap((count, i) => [
    `L${x(firstExponent + i)} ${y(count)}`,
    `L${x(firstExponent + i + 1)} ${y(count)}`,
  ]);
  const end = x(firstExponent + counts.length);
  return svg('path', { class: 'outline', d: `M${x(firstExponent)} ${y(0)} ${steps.join(' ')} L${end} ${y(0)}` });
}

/** At powers of ten. */
function ticks(from: number, to: number, x: Scale): SVGElement[] {
  const decades = (to - from) * Math.log10(2);
  const every = Math.ceil(decades / 8);
  const first = Math.ceil((from * Math.log10(2)) / every) * every;
  const labels: SVGElement[] = [];
  for (let power = first; power <= to * Math.log10(2); power += every) {
    const at = x(power / Math.log10(2));
    const anchor = at < 16 ? 'start' : at > WIDTH - 16 ? 'end' : 'middle';
    labels.push(svg('text', { x: at, y: HEIGHT - 5, 'text-anchor': anchor }, tick(10 ** power)));
  }
  return labels;
}
