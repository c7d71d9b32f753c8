import type { RunHistory } from '../../history/run-history.js';
import { swatchOf } from '../chart/swatch.js';
import { el, setAttribute } from '../parts/dom.js';
import { lineLook } from '../parts/palette.js';
import type { View } from '../state/view.js';

/** Where there are several runs, says in the head of each part that shows one of them which it is. */
export class Owners {
  readonly #labels = new Map<HTMLElement, HTMLElement>();
  #shown = '';

  constructor(
    private readonly view: View,
    /** What shows the run in focus. One that is no panel, and has no head, has the name before it. */
    private readonly parts: readonly HTMLElement[],
  ) {
    view.theme.onChange(() => {
      this.#shown = '';
    });
  }

  update(): void {
    const { focus, histories, theme } = this.view;
    const run = histories.runs.size > 1 ? focus : undefined;
    const shown = JSON.stringify([run?.name, run && this.view.placeOf(run), theme.shown]);
    const isNew = shown !== this.#shown;
    this.#shown = shown;
    for (const part of this.parts) {
      const known = this.#labels.get(part);
      const label = known ?? el('p', { class: 'owner' });
      // What is loaded when it is needed has its head later.
      if (!label.isConnected) place(label, part);
      setAttribute(label, 'hidden', !run || part.hidden);
      if (known && !isNew) continue;
      this.#labels.set(part, label);
      label.replaceChildren(...(run ? this.#name(run) : []));
    }
  }

  #name(run: RunHistory): (Node | string)[] {
    const swatch = swatchOf(lineLook(this.view.theme, this.view.placeOf(run)));
    return [el('span', { class: 'visually-hidden' }, 'of '), swatch, el('bdi', { title: run.name }, run.name)];
  }
}

function place(label: HTMLElement, part: HTMLElement): void {
  const title = part.querySelector('.panel-head h2');
  label.classList.toggle('alone', !title);
  if (title) title.after(label);
  else part.before(label);
}
