import type { Mark, MarkKind } from '../../history/marks.js';
import { KIND_NAMES, kindText } from '../curves/mark-kinds.js';
import { markColor } from '../curves/mark-lines.js';
import { el, setAttribute, setStyle, setText } from '../parts/dom.js';
import { plural, whole } from '../parts/format.js';
import type { Part } from '../parts/lazy-part.js';
import { panel } from '../parts/panel.js';
import type { View } from '../state/view.js';

const SHOWN = 100;

/** Alerts, control, checkpoints, failed sinks and early ends, the latest first. What evaluations found has charts. */
export class Happenings implements Part {
  readonly root: HTMLElement;
  readonly #kinds = el('div', { class: 'kinds', role: 'group', 'aria-label': 'Kinds that are shown' });
  readonly #list: HappeningList;
  readonly #more = el('p', { class: 'hint' });

  constructor(private readonly view: View) {
    const { root, body } = panel('Alerts and control', { hint: 'click one to see its moment on every chart' });
    this.root = root;
    this.#list = new HappeningList(view, 'Alerts and control, the latest first');
    body.append(this.#kinds, this.#list.root, this.#more);
  }

  update(): undefined {
    const run = this.view.focus;
    const all = run?.marks.all ?? [];
    setAttribute(this.root, 'hidden', all.length === 0);
    if (!run || this.root.hidden) return;
    const shown = all.filter(({ kind }) => !this.view.choices.hiddenMarks.includes(kind));
    this.#showKinds(all);
    this.#list.update(shown.slice(-SHOWN), 'None of the kinds that are shown.');
    const older = run.marks.dropped + Math.max(0, shown.length - SHOWN);
    setText(this.#more, older > 0 ? `${plural(older, 'older one')} not shown` : '');
  }

  /** Switches for the kinds that there are, where there are several. */
  #showKinds(marks: readonly Mark[]): void {
    const counts = new Map<MarkKind, number>();
    for (const { kind } of marks) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    setAttribute(this.#kinds, 'hidden', counts.size < 2);
    const known = new Map(Array.from(this.#kinds.children, (button) => [(button as HTMLElement).dataset.kind, button]));
    for (const kind of Object.keys(KIND_NAMES) as MarkKind[]) {
      const count = counts.get(kind);
      if (count === undefined) known.get(kind)?.remove();
      else {
        const button = known.get(kind) ?? this.#addKind(kind);
        setText(button, `${KIND_NAMES[kind]} ${whole(count)}`);
        setAttribute(button, 'aria-pressed', String(!this.view.choices.hiddenMarks.includes(kind)));
      }
    }
  }

  #addKind(kind: MarkKind): HTMLElement {
    const toggle = () => {
      const { hiddenMarks } = this.view.choices;
      const others = hiddenMarks.filter((other) => other !== kind);
      this.view.choose({ hiddenMarks: others.length < hiddenMarks.length ? others : [...others, kind] });
    };
    const button = el('button', { type: 'button', class: 'tool', 'data-kind': kind, onclick: toggle });
    this.#kinds.append(button);
    return button;
  }
}

/** Marks as a list, the latest first; each leads to its moment. */
export class HappeningList {
  readonly root: HTMLElement;
  #shown = '';
  #marks: readonly Mark[] = [];
  #empty = '';

  constructor(
    private readonly view: View,
    label: string,
  ) {
    this.root = el('ol', { class: 'happenings', tabindex: 0, 'aria-label': label });
    view.theme.onChange(() => this.#draw());
  }

  /** `marks` the oldest first. */
  update(marks: readonly Mark[], empty: string): void {
    const { moment } = this.view.choices;
    const shown = JSON.stringify([marks.length, marks[0], marks.at(-1), moment, empty, this.view.choices.hiddenMarks]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#marks = marks;
    this.#empty = empty;
    this.#draw();
  }

  #draw(): void {
    const { activeElement } = this.root.getRootNode() as Document | ShadowRoot;
    const focused = [...this.root.querySelectorAll('button')].indexOf(activeElement as HTMLButtonElement);
    const items = [...this.#marks].reverse().map((mark) => this.#item(mark));
    this.root.replaceChildren(...items);
    if (items.length === 0) this.root.append(el('li', { class: 'none' }, this.#empty));
    if (focused >= 0) this.root.querySelectorAll('button')[focused]?.focus({ preventScroll: true });
  }

  #item(mark: Mark): HTMLElement {
    const { theme, choices } = this.view;
    const kind = el('span', { class: 'kind' }, kindText(mark));
    setStyle(kind, { '--kind': markColor(mark, theme) });
    const button = el(
      'button',
      { type: 'button', class: 'moment', onclick: () => this.view.goTo(mark) },
      el('span', { class: 'step' }, `step ${whole(mark.step)}`),
      kind,
      el('span', { class: 'message' }, mark.message, el('span', { class: 'source' }, ` ${mark.source}`)),
    );
    return el('li', { 'aria-current': choices.moment === mark.step && 'true' }, button);
  }
}
