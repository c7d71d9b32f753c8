import { type ModelSummary, modelTotals, shapesText } from '../../events/index.js';
import { plain, shorten } from './format.js';

const LONGEST_NAME = 32;

/** What a model is made of as a table, a row a layer, and its parameters. */
export function modelLines(model: ModelSummary, width: number): string[] {
  const rows = model.layers.map(({ name, kind, outputShapes, parameters, trainable }) => [
    shorten(plain(name), LONGEST_NAME),
    plain(kind),
    shapesText(outputShapes),
    whole(parameters),
    trainable === parameters ? '' : trainable === 0 ? 'frozen' : `${whole(trainable)} of them trainable`,
  ]);
  const all = [['layer', 'kind', 'output shape', 'parameters', ''], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((cells) => cells[column]!.length)));
  const lines = all.map((cells) =>
    cells
      .map((cell, column) => (column === 3 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd()
      .slice(0, width),
  );
  const { parameters, trainable } = modelTotals(model);
  return [...lines, `${whole(parameters)} parameters, ${whole(trainable)} trainable`];
}

function whole(value: number): string {
  return value.toLocaleString('en');
}
