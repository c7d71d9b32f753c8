import {
  type AnyParameterUpdates,
  type JointStatistic,
  jointColumns,
  type Layer,
  layersOf,
} from '../../parameters/index.js';

/** The layers of a step: names, elements, and the norms of all elements of a layer together. */
export interface LayerColumns {
  readonly names: readonly string[];
  readonly sizes: readonly number[];
  readonly columns: { readonly [S in JointStatistic]?: Float64Array };
}

interface Layers {
  readonly names: readonly string[];
  readonly members: readonly Layer['members'][];
}

/** Many steps share one list of names: what it groups to is worked out once. */
const known = new WeakMap<readonly string[], Layers>();

export function layerColumns(updates: AnyParameterUpdates): LayerColumns {
  const { names, members } = layersIn(updates.names);
  return {
    names,
    sizes: members.map((indices) => indices.reduce((sum, i) => sum + updates.sizes[i]!, 0)),
    columns: jointColumns(updates, members),
  };
}

function layersIn(names: readonly string[]): Layers {
  let layers = known.get(names);
  if (!layers) {
    const list = layersOf(names);
    layers = { names: list.map(({ name }) => name), members: list.map(({ members }) => members) };
    known.set(names, layers);
  }
  return layers;
}
