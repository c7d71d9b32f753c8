import { layerOf } from '../../parameters/layer-of.js';
import { type AnyParameterUpdates, columnOf } from '../../parameters/parameter-updates.js';
import { jointNorm, updateRatio } from '../../parameters/update-ratio.js';

const NORMS = ['updateNorm', 'weightNorm', 'gradientNorm'] as const;

/** What can be said of several parameters together. */
export type JointStatistic = (typeof NORMS)[number] | 'updateRatio';

/** Groups of parameters, by their places in the updates. */
export interface Groups {
  readonly names: readonly string[];
  readonly members: readonly (readonly number[])[];
}

/** The layers of parameters. None where every parameter is a layer of its own, which would say all twice. */
export function layersOf(names: readonly string[]): Groups {
  const members = new Map<string, number[]>();
  for (const [i, name] of names.entries()) {
    const layer = layerOf(name);
    const list = members.get(layer);
    if (list) list.push(i);
    else members.set(layer, [i]);
  }
  if (members.size === names.length) return { names: [], members: [] };
  return { names: [...members.keys()], members: [...members.values()] };
}

/** The norms of each group's parameters as one vector, and the ratio of two of these norms, where the updates have them. */
export function jointColumns(
  updates: AnyParameterUpdates,
  { members }: Groups,
): Map<JointStatistic, readonly number[]> {
  const columns = new Map<JointStatistic, readonly number[]>();
  for (const statistic of NORMS) {
    const column = columnOf(updates, statistic);
    if (column)
      columns.set(
        statistic,
        members.map((places) => jointNorm(places.map((i) => column[i]!))),
      );
  }
  const updateNorms = columns.get('updateNorm');
  const weightNorms = columns.get('weightNorm');
  if (updateNorms && weightNorms) {
    columns.set(
      'updateRatio',
      updateNorms.map((norm, i) => updateRatio(norm, weightNorms[i]!)),
    );
  }
  return columns;
}
