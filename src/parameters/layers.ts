import { layerOf } from './layer-of.js';

/** A layer, and where its parameters are. */
export interface Layer {
  readonly name: string;
  /** Indices into the parameters' names. */
  readonly members: readonly number[];
}

/** The layers of parameters, by their names, in the order in which they first come. */
export function layersOf(names: readonly string[], layer: (name: string) => string = layerOf): readonly Layer[] {
  const members = new Map<string, number[]>();
  for (const [i, name] of names.entries()) {
    const group = layer(name);
    const list = members.get(group);
    if (list) list.push(i);
    else members.set(group, [i]);
  }
  return Array.from(members, ([name, list]) => ({ name, members: list }));
}
