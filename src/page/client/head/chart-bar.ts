import type { MarkKind } from '../../history/marks.js';
import { Strip } from '../chart/strip.js';
import { el, setAttribute, setText } from '../parts/dom.js';
import type { Part } from '../parts/lazy-part.js';
import { menuOf } from '../parts/menu.js';
import type { Work } from '../parts/slices.js';
import { AXES, type Axis, MARK_KINDS } from '../state/choices.js';
import type { View } from '../state/view.js';

const AXIS_TEXTS: Readonly<Record<Axis, string>> = {
  step: 'Steps',
  epoch: 'Epochs',
  relative: 'Time of training',
  wall: 'Time of day',
};

/** What marks are called, and which of their kinds are switched together. */
const MARK_TEXTS: readonly (readonly [text: string, ...kinds: MarkKind[]])[] = [
  ['Alerts', 'alert'],
  ['Control', 'control'],
  ['Checkpoints', 'save'],
  ['Epochs', 'epoch'],
  ['Resumed', 'resumed'],
  ['Failures and stops', 'sink-error', 'stopped', 'failed'],
];

/** The greatest weight of what was before: at 1 nothing would be seen but the first value. */
const SMOOTHEST = 0.99;

/** What is chosen for all charts of the page at once, and the whole run, in which to move. */
export class ChartBar implements Part {
  readonly root: HTMLElement;
  readonly #strip: Strip;
  readonly #axis = el('select', {});
  readonly #smoothing = el('input', { type: 'range', min: 0, max: SMOOTHEST, step: 0.01 });
  readonly #weight = el('output', { class: 'value' });
  readonly #outliers = el('input', { type: 'checkbox' });
  readonly #boxes: readonly (readonly [HTMLInputElement, readonly MarkKind[]])[];

  constructor(private readonly view: View) {
    this.#strip = new Strip(view);
    this.#axis.append(...AXES.map((axis) => el('option', { value: axis }, AXIS_TEXTS[axis])));
    this.#axis.addEventListener('change', () => view.choose({ axis: this.#axis.value as Axis }));
    this.#smoothing.addEventListener('input', () => view.choose({ smoothing: Number(this.#smoothing.value) }));
    this.#outliers.addEventListener('change', () => view.choose({ withoutOutliers: this.#outliers.checked }));
    this.#boxes = MARK_TEXTS.map(([, ...kinds]) => {
      const box = el('input', { type: 'checkbox' });
      box.addEventListener('change', () => this.#switch(kinds, box.checked));
      return [box, kinds];
    });
    const marks = menuOf({ label: 'Marks', name: 'Marks on the charts', className: 'tool' });
    marks.body.append(
      ...this.#boxes.map(([box], i) => el('label', { class: 'menu-item check' }, box, MARK_TEXTS[i]![0])),
    );
    const outliers = 'Vertical axes leave out what is below the 2nd or above the 98th percentile of a line';
    const controls = el(
      'div',
      { class: 'chart-controls', id: `chart-controls-${view.id}` },
      el('label', {}, 'Axis', this.#axis),
      el('label', { title: 'An exponential moving average' }, 'Smoothing', this.#smoothing, this.#weight),
      el('label', { title: outliers }, this.#outliers, 'Ignore outliers'),
      marks.root,
    );
    this.root = el(
      'div',
      { class: 'chart-bar', role: 'group', 'aria-label': 'All charts' },
      this.#strip.root,
      opener(controls),
      controls,
    );
  }

  *update(): Work {
    const { choices, focus } = this.view;
    setAttribute(this.root, 'hidden', !focus || focus.state.value.step === 0);
    if (this.root.hidden) return;
    this.#axis.value = choices.axis;
    this.#smoothing.value = String(choices.smoothing);
    setText(this.#weight, choices.smoothing === 0 ? 'off' : choices.smoothing.toFixed(2));
    setAttribute(this.#smoothing, 'aria-valuetext', this.#weight.textContent ?? '');
    this.#outliers.checked = choices.withoutOutliers;
    for (const [box, kinds] of this.#boxes) box.checked = !kinds.every((kind) => choices.hiddenMarks.includes(kind));
    yield;
    yield* this.#strip.update();
  }

  #switch(kinds: readonly MarkKind[], shown: boolean): void {
    const hidden = MARK_KINDS.filter((kind) =>
      kinds.includes(kind) ? !shown : this.view.choices.hiddenMarks.includes(kind),
    );
    this.view.choose({ hiddenMarks: hidden });
  }
}

/** There where it is narrow: the controls then open under it. */
function opener(controls: HTMLElement): HTMLElement {
  const properties = {
    type: 'button',
    class: 'tool chart-opener',
    'aria-expanded': 'false',
    'aria-controls': controls.id,
  };
  const button = el('button', properties, 'Charts');
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') !== 'true';
    setAttribute(button, 'aria-expanded', String(open));
    controls.classList.toggle('open', open);
  });
  return button;
}
