import { endText } from '../../../events/index.js';
import type { RunHistory } from '../../history/run-history.js';
import { swatchOf } from '../chart/swatch.js';
import { el, setAttribute } from '../parts/dom.js';
import { lineLook } from '../parts/palette.js';
import { type RunStatus, STATUS_TEXTS, statusOf } from '../state/run-state.js';
import type { View } from '../state/view.js';

const TOLD: ReadonlySet<RunStatus> = new Set(['failed', 'stopped', 'silent', 'reading']);

/** Which runs lie over each other, and whose parameters are shown. Only there where there are several. */
export class RunBar {
  readonly root = el('nav', { class: 'run-bar', 'aria-label': 'Runs' });
  #shown = '';

  constructor(private readonly view: View) {
    view.theme.onChange(() => {
      this.#shown = '';
      this.update();
    });
  }

  update(): void {
    const runs = this.view.allRuns;
    setAttribute(this.root, 'hidden', runs.length < 2);
    const ends = runs.map((run) => [run.name, statusOf(run), run.state.value.end]);
    const { hidden, runsTable } = this.view.choices;
    const shown = JSON.stringify([ends, hidden, runsTable, this.view.focus?.name]);
    if (this.root.hidden || shown === this.#shown) return;
    this.#shown = shown;
    const boxes = runs.map((run) => {
      const box = el('input', { type: 'checkbox' });
      box.checked = !this.view.isHidden(run.name);
      box.addEventListener('change', () => this.view.show(run.name, box.checked));
      const swatch = swatchOf(lineLook(this.view.theme, this.view.placeOf(run)));
      return el('label', { class: 'run' }, box, swatch, el('bdi', {}, run.name), statusBadge(run));
    });
    const focused = [...this.root.querySelectorAll('input, select, button')].indexOf(this.#focused as Element);
    this.root.replaceChildren(...boxes, this.#tableToggle(), el('span', { class: 'space' }), this.#focusChoice());
    // The same control has the focus again: the keyboard goes on from there.
    if (focused >= 0) this.root.querySelectorAll<HTMLElement>('input, select, button')[focused]?.focus();
  }

  get #focused(): Element | null {
    return (this.root.getRootNode() as Document | ShadowRoot).activeElement;
  }

  #tableToggle(): HTMLElement {
    const { runsTable } = this.view.choices;
    return el(
      'button',
      {
        ...{ type: 'button', class: 'tool', 'aria-expanded': String(runsTable) },
        onclick: () => this.view.choose({ runsTable: !runsTable }),
      },
      'Table of runs',
    );
  }

  #focusChoice(): HTMLElement {
    const select = el('select', {});
    select.append(...this.view.runs.map(({ name }) => el('option', { value: name }, name)));
    select.value = this.view.focus?.name ?? '';
    select.addEventListener('change', () => this.view.choose({ focus: select.value }));
    return el('label', { class: 'focus' }, 'Parameters and alerts of', select);
  }
}

/** Of a run that is not, or did not end, as planned. */
function statusBadge(run: RunHistory): HTMLElement | undefined {
  const status = statusOf(run);
  if (!TOLD.has(status)) return undefined;
  const { end } = run.state.value;
  const title = status === end?.status && endText(end);
  return el('span', { class: `badge ${status}`, title }, STATUS_TEXTS[status]);
}
