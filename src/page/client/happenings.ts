import type { Mark } from '../history/marks.js';
import { el, setStyle } from './dom.js';
import { plural, whole } from './format.js';
import { markColor } from './mark-lines.js';
import { panel } from './panel.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

const SHOWN = 100;

/** Alerts, control, checkpoints, failed sinks and early ends, the latest first. What evaluations found has charts. */
export class Happenings {
  readonly root: HTMLElement;
  readonly #list = el('ol', { class: 'happenings', tabindex: 0, 'aria-label': 'Alerts and control, the latest first' });
  readonly #more = el('p', { class: 'hint' });
  #shown: readonly Mark[] = [];

  constructor(private readonly view: View) {
    const { root, body } = panel('Alerts and control');
    this.root = root;
    body.append(this.#list, this.#more);
    view.theme.onChange(() => this.#draw());
  }

  update(): void {
    const run = this.view.focus;
    this.root.hidden = !run;
    if (!run) return;
    const marks = run.marks.all;
    const same = marks.length === this.#shown.length && marks.at(-1) === this.#shown.at(-1);
    this.#shown = marks;
    if (!same || marks.length === 0) this.#draw();
    const older = run.marks.dropped + Math.max(0, marks.length - SHOWN);
    this.#more.textContent = older > 0 ? `${plural(older, 'older one')} not shown` : '';
  }

  #draw(): void {
    const items = this.#shown
      .slice(-SHOWN)
      .reverse()
      .map((mark) => item(mark, this.view.theme));
    this.#list.replaceChildren(...items);
    if (items.length === 0) this.#list.append(el('li', { class: 'none' }, 'Nothing so far.'));
  }
}

function item(mark: Mark, theme: Theme): HTMLElement {
  const kind = el('span', { class: 'kind' }, kindOf(mark));
  setStyle(kind, { '--kind': markColor(mark, theme) });
  return el(
    'li',
    {},
    el('span', { class: 'step' }, `step ${whole(mark.step)}`),
    kind,
    el('span', { class: 'message' }, mark.message, el('span', { class: 'source' }, ` ${mark.source}`)),
  );
}

function kindOf({ kind, severity, phase }: Mark): string {
  if (kind === 'alert') return phase === 'end' ? 'over' : (severity ?? 'alert');
  if (kind === 'save') return 'checkpoint';
  return kind === 'sink-error' ? 'sink failed' : kind;
}
