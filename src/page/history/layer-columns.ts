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

/** Many steps share their lists of names and of sizes: what these come to is worked out once. */
const knownLayers = new WeakMap<readonly string[], Layers>();
const knownSizes = new WeakMap<readonly number[], { readonly of: Layers; readonly sizes: readonly number[] }>();

export function layerColumns(updates: AnyParameterUpdates): LayerColumns {
  const layers = layersIn(updates.names);
  const { names, groups } = layers;
  const joint = Object.entries(jointColumns(updates, groups));
  return {
    names,
    sizes: sizesIn(layers, updates.sizes),
    columns: Object.fromEntries(joint.map(([statistic, column]) => [statistic, column.subarray(0, names.length)])),
    whole: Object.fromEntries(joint.map(([statistic, column]) => [statistic, column[names.length]!])),
  };
}

function layersIn(names: readonly string[]): Layers {
  let layers = knownLayers.get(names);
  if (!layers) {
    const list = layersOf(names);
    const members = list.map((layer) => layer.members);
    layers = { names: list.map(({ name }) => name), members, groups: [...members, Array.from(names.keys())] };
    knownLayers.set(names, layers);
  }
  return layers;
}

function sizesIn(layers: Layers, sizes: readonly number[]): readonly number[] {
  const known = knownSizes.get(sizes);
  if (known?.of === layers) return known.sizes;
  const ofLayers = layers.members.map((indices) => indices.reduce((sum, i) => sum + sizes[i]!, 0));
  knownSizes.set(sizes, { of: layers, sizes: ofLayers });
  return ofLayers;
}
