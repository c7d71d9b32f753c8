import {
  type AnyParameterUpdates,
  type JointStatistic,
  jointColumns,
  type Layer,
  layersOf,
} from '../../parameters/index.js';

/** The layers of a step: names, elements, and the norms of all elements of a layer together, and of the whole model. */
export interface LayerColumns {
  readonly names: readonly string[];
  readonly sizes: readonly number[];
  readonly columns: { readonly [S in JointStatistic]?: Float64Array };
  readonly whole: { readonly [S in JointStatistic]?: number };
}

interface Layers {
  readonly names: readonly string[];
  readonly members: readonly Layer['members'][];
  /** Those of each layer, and last of all together. */
  readonly groups: readonly Layer['members'][];
}

/** Many steps share one list of names: what it groups to is worked out once. */
const known = new WeakMap<readonly string[], Layers>();

export function layerColumns(updates: AnyParameterUpdates): LayerColumns {
  const { names, members, groups } = layersIn(updates.names);
  const joint = Object.entries(jointColumns(updates, groups));
  return {
    names,
    sizes: members.map((indices) => indices.reduce((sum, i) => sum + updates.sizes[i]!, 0)),
    columns: Object.fromEntries(joint.map(([statistic, column]) => [statistic, column.subarray(0, names.length)])),
    whole: Object.fromEntries(joint.map(([statistic, column]) => [statistic, column[names.length]!])),
  };
}

function layersIn(names: readonly string[]): Layers {
  let layers = known.get(names);
  if (!layers) {
    const list = layersOf(names);
    const members = list.map((layer) => layer.members);
    layers = { names: list.map(({ name }) => name), members, groups: [...members, Array.from(names.keys())] };
    known.set(names, layers);
  }
  return layers;
}
