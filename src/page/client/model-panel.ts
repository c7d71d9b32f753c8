import { type ModelSummary, modelTotals, shapesText } from '../../events/index.js';
import { el, setText } from './dom.js';
import { plural, whole } from './format.js';
import { panel } from './panel.js';
import type { View } from './view.js';

/** What the model is made of: a row a layer. */
export class ModelPanel {
  readonly root: HTMLElement;
  readonly #totals = el('p', { class: 'readout' });
  readonly #body = el('tbody');
  #shown: ModelSummary | undefined;

  constructor(private readonly view: View) {
    const { root, body } = panel('Model', { hint: 'layers, in their order', wide: true });
    this.root = root;
    const titles = ['Layer', 'Kind', 'Output shape', 'Parameters', 'Trainable'];
    const table = el(
      'table',
      { class: 'model' },
      el('thead', {}, el('tr', {}, ...titles.map((title) => el('th', { scope: 'col' }, title)))),
      this.#body,
    );
    const scroll = el('div', {
      class: 'table-scroll',
      tabindex: 0,
      role: 'region',
      'aria-label': 'Layers of the model',
    });
    scroll.append(table);
    body.append(this.#totals, scroll);
  }

  update(): void {
    const model = this.view.focus?.model.value;
    this.root.hidden = !model;
    if (!model || model === this.#shown) return;
    this.#shown = model;
    const { parameters, trainable } = modelTotals(model);
    setText(
      this.#totals,
      `${plural(model.layers.length, 'layer')}, ${plural(parameters, 'parameter')}: ${whole(trainable)} trainable, ${whole(parameters - trainable)} not.`,
    );
    this.#body.replaceChildren(
      ...model.layers.map(({ name, kind, outputShapes, parameters: all, trainable: some }) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, el('bdi', {}, name)),
          ...[kind, shapesText(outputShapes), whole(all), all === 0 ? '–' : trainableText(all, some)].map((text) =>
            el('td', {}, text),
          ),
        ),
      ),
    );
  }
}

function trainableText(all: number, some: number): string {
  if (some === all) return 'yes';
  return some === 0 ? 'no' : whole(some);
}
