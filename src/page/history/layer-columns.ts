import { type JointStatistic, jointColumns } from '../../parameters/joint-statistics.js';
import { type Layer, layersOf } from '../../parameters/layers.js';
import type { AnyParameterUpdates } from '../../parameters/parameter-updates.js';

/** The layers of a step: names, elements, and the norms of all elements of a layer together. */
export interface LayerColumns {
  readonly names: readonly string[];
  readonly sizes: readonly number[];
  readonly columns: { readonly [S in JointStatistic]?: Float64Array };
}

/** Many steps share one list of names: what it groups to is worked out once. */
const known = new WeakMap<readonly string[], readonly Layer[]>();

export function layerColumns(updates: AnyParameterUpdates): LayerColumns {
  const layers = known.get(updates.names) ?? layersOf(updates.names);
  known.set(updates.names, layers);
  return {
    names: layers.map(({ name }) => name),
    sizes: layers.map(({ members }) => members.reduce((sum, i) => sum + updates.sizes[i]!, 0)),
    columns: jointColumns(
      updates,
      layers.map(({ members }) => members),
    ),
  };
}
