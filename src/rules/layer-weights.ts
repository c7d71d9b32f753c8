import { whileSameNames } from '../operators/same-names.js';
import { layerOf } from '../parameters/layer-of.js';
import type { ParameterUpdates } from '../parameters/parameter-updates.js';
import { jointNorm } from '../parameters/update-ratio.js';

/**
 * For each parameter, the norm of its whole layer's weights. A bias begins at zero: measured against itself, every first
 * update of one would be without bound.
 */
export function layerWeights(): (updates: ParameterUpdates<'weightNorm'>) => Float64Array {
  const layersOf = whileSameNames((names) => {
    const members = new Map<string, number[]>();
    for (const [i, name] of names.entries()) {
      const layer = members.get(layerOf(name));
      if (layer) layer.push(i);
      else members.set(layerOf(name), [i]);
    }
    return [...members.values()];
  });
  return ({ names, columns: { weightNorm } }) => {
    const norms = new Float64Array(names.length);
    for (const members of layersOf(names)) {
      const norm = jointNorm(members.map((i) => weightNorm[i]!));
      for (const i of members) norms[i] = norm;
    }
    return norms;
  };
}
