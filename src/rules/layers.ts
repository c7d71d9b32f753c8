import { whileSameNames } from '../operators/same-names.js';
import { layerOf } from '../parameters/layer-of.js';
import type { ParameterUpdates } from '../parameters/parameter-updates.js';
import { jointNorm } from '../parameters/update-ratio.js';

/** A layer's name, and where its parameters are. */
export interface Layer {
  readonly name: string;
  readonly members: readonly number[];
}

/** The layers of parameters, by their names, remembered while the names are the same. */
export function layersByName(): (names: readonly string[]) => readonly Layer[] {
  return whileSameNames((names) => {
    const layers = new Map<string, number[]>();
    for (const [i, name] of names.entries()) {
      const members = layers.get(layerOf(name));
      if (members) members.push(i);
      else layers.set(layerOf(name), [i]);
    }
    return Array.from(layers, ([name, members]) => ({ name, members }));
  });
}

/**
 * For each parameter, the norm of its whole layer's weights. A bias begins at zero: measured against itself, every first
 * update of one would be without bound.
 */
export function layerWeights(): (updates: ParameterUpdates<'weightNorm'>) => Float64Array {
  const layersOf = layersByName();
  return ({ names, columns: { weightNorm } }) => {
    const norms = new Float64Array(names.length);
    for (const { members } of layersOf(names)) {
      const norm = jointNorm(members.map((i) => weightNorm[i]!));
      for (const i of members) norms[i] = norm;
    }
    return norms;
  };
}
