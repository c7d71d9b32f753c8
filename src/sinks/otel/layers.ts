import { layerOf } from '../../parameters/index.js';

/** Which layer each parameter belongs to. */
export interface Layers {
  readonly names: readonly string[];
  /** For each parameter, the index of its layer. */
  readonly of: Uint32Array;
  /** For each layer, the indices of its parameters. */
  readonly members: readonly (readonly number[])[];
}

/** Group parameters into at most `limit` layers; where there are more, by as much of the path as gives few enough. */
export function groupIntoLayers(names: readonly string[], limit: number): Layers {
  const paths = names.map((name) => partsOf(layerOf(name)));
  const deepest = paths.reduce((depth, path) => Math.max(depth, path.length), 1);
  for (let depth = deepest; ; depth--) {
    const layers = number(paths.map((path) => path.slice(0, depth).join('') || '*'));
    if (layers.names.length <= limit || depth === 0) return layers;
  }
}

/** A path in parts that keep their separators: `a/b/c` is `a`, `/b`, `/c`. */
function partsOf(name: string): string[] {
  return name.match(/^[/.]*[^/.]*|[/.]+[^/.]*/g) ?? [name];
}

function number(layerNames: readonly string[]): Layers {
  const indices = new Map<string, number>();
  const of = Uint32Array.from(layerNames, (name) => {
    const index = indices.get(name) ?? indices.size;
    indices.set(name, index);
    return index;
  });
  const members: number[][] = [...indices.keys()].map(() => []);
  of.forEach((layer, i) => {
    members[layer]!.push(i);
  });
  return { names: [...indices.keys()], of, members };
}
