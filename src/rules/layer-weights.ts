import { whileSameNames } from '../operators/index.js';
import { jointNorm, layersOf, type ParameterUpdates } from '../parameters/index.js';

/**
 * For each parameter, the norm of its whole layer's weights. A bias begins at zero: measured against itself, every first
 * update of one would be without bound.
 */
export function layerWeights(): (updates: ParameterUpdates<'weightNorm'>) => Float64Array {
  const layers = whileSameNames(layersOf);
  return ({ names, columns: { weightNorm } }) => {
    const norms = new Float64Array(names.length);
    for (const { members } of layers(names)) {
      const norm = jointNorm(members.map((i) => weightNorm[i]!));
      for (const i of members) norms[i] = norm;
    }
    return norms;
  };
}
