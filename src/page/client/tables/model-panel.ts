import { type ModelSummary, modelTotals, shapesText } from '../../../events/index.js';
import { plural, whole } from '../parts/format.js';
import type { View } from '../state/view.js';
import { type TableContent, TablePanel, tableRow } from './table-panel.js';

/** What the model is made of: a row a layer. */
export function modelPanel(view: View): TablePanel<ModelSummary> {
  return new TablePanel(view, {
    title: 'Model',
    hint: 'layers, in their order',
    label: 'Layers of the model',
    className: 'model',
    shown: (run) => run.model.value,
    content,
  });
}

function content(model: ModelSummary): TableContent {
  const { parameters, trainable } = modelTotals(model);
  return {
    note: `${plural(model.layers.length, 'layer')}, ${plural(parameters, 'parameter')}: ${whole(trainable)} trainable, ${whole(parameters - trainable)} not.`,
    head: ['Layer', 'Kind', 'Output shape', 'Parameters', 'Trainable'],
    rows: model.layers.map(({ name, kind, outputShapes, parameters: all, trainable: some }) =>
      tableRow(name, [kind, shapesText(outputShapes), whole(all), all === 0 ? '–' : trainableText(all, some)]),
    ),
  };
}

function trainableText(all: number, some: number): string {
  if (some === all) return 'yes';
  return some === 0 ? 'no' : whole(some);
}
