import { layerOf } from '../../parameters/layer-of.js';
import { type AnyParameterUpdates, columnOf } from '../../parameters/parameter-updates.js';
import type { Statistic } from '../../parameters/statistics.js';
import { updateRatio } from '../../parameters/update-ratio.js';

/** The layers of a step: names, elements, and the norms of all elements of a layer together. */
export interface LayerColumns {
  readonly names: readonly string[];
  readonly sizes: readonly number[];
  readonly columns: { readonly [S in Statistic]?: Float64Array };
}

interface Grouping {
  readonly names: readonly string[];
  /** The layer of each parameter. */
  readonly layers: readonly number[];
}

/** Many steps share one list of names: what it groups to is worked out once. */
const groupings = new WeakMap<readonly string[], Grouping>();

export function layerColumns(updates: AnyParameterUpdates): LayerColumns {
  const { names, layers } = groupingOf(updates.names);
  const sizes = new Array<number>(names.length).fill(0);
  for (let i = 0; i < layers.length; i++) sizes[layers[i]!]! += updates.sizes[i]!;
  const columns: { [S in Statistic]?: Float64Array } = {};
  for (const statistic of ['updateNorm', 'weightNorm', 'gradientNorm'] as const) {
    const column = columnOf(updates, statistic);
    if (column) columns[statistic] = jointNorms(column, layers, names.length);
  }
  const { updateNorm, weightNorm } = columns;
  if (updateNorm && weightNorm) {
    columns.updateRatio = updateNorm.map((norm, layer) => updateRatio(norm, weightNorm[layer]!));
  }
  return { names, sizes, columns };
}

function groupingOf(names: readonly string[]): Grouping {
  let grouping = groupings.get(names);
  if (!grouping) {
    const places = new Map<string, number>();
    const layers = names.map((name) => {
      const layer = layerOf(name);
      if (!places.has(layer)) places.set(layer, places.size);
      return places.get(layer)!;
    });
    grouping = { names: [...places.keys()], layers };
    groupings.set(names, grouping);
  }
  return grouping;
}

function jointNorms(column: Float64Array, layers: readonly number[], count: number): Float64Array {
  const squares = new Float64Array(count);
  for (let i = 0; i < layers.length; i++) squares[layers[i]!]! += column[i]! ** 2;
  return squares.map(Math.sqrt);
}
