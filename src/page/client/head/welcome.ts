import { el, setAttribute, setText } from '../parts/dom.js';
import { haveEnded, stateOf } from '../state/run-state.js';
import type { View } from '../state/view.js';

const SNIPPET = `const training = instrument(model);
const updates$ = training.events$.pipe(parameterUpdates());
training.attach(merge(training.events$, updates$), live);`;

/** Shown until there is something to draw. */
export class Welcome {
  readonly root: HTMLElement;
  readonly #title = el('h2', {});
  readonly #text = el('p', {});
  readonly #code = el('pre', { tabindex: 0, 'aria-label': 'Example' }, el('code', {}, SNIPPET));

  constructor(private readonly view: View) {
    this.root = el('section', { class: 'welcome' }, this.#title, this.#text, this.#code);
  }

  update(): void {
    const { connection, histories } = this.view;
    const runs = [...histories.runs.values()];
    setAttribute(
      this.root,
      'hidden',
      runs.some((run) => run.state.value.step > 0 || run.series.size > 0),
    );
    if (this.root.hidden) return;
    const begun = runs.length > 0;
    setAttribute(this.#code, 'hidden', begun || connection === 'report');
    if (haveEnded(runs)) {
      setText(this.#title, 'No step was done');
      setText(this.#text, stateOf(this.view).text);
    } else if (connection === 'report') {
      setText(this.#title, 'Nothing was recorded');
      setText(this.#text, 'The stream that this report was made of had no step in it.');
    } else if (begun) {
      setText(this.#title, 'Waiting for the first step');
      setText(this.#text, 'The run has begun. Its curves appear here as soon as the first update is done.');
    } else {
      setText(this.#title, 'Waiting for a run');
      setText(this.#text, 'This page is ready and fills itself as soon as training begins.');
    }
  }
}
