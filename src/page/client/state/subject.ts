import { layerOf } from '../../../parameters/index.js';
import type { RunHistory } from '../../history/run-history.js';
import { indexIn } from '../parts/index-in.js';

/** What a page of its own is of: a parameter or a layer, where it is in the model, and what is beside it. */
export interface Subject {
  readonly name: string;
  readonly isLayer: boolean;
  /** Its row in the table of parameters; of a layer that is listed by its parameters there is none. */
  readonly row: number | undefined;
  /** 0 where the page does not know. */
  readonly elements: number;
  /** Of all of its kind, from 1. */
  readonly place: number;
  readonly count: number;
  readonly previous: string | undefined;
  readonly next: string | undefined;
  readonly layer: string | undefined;
  /** Of the layer: the other parameters of it, or its own. */
  readonly members: readonly string[];
}

/**
 * The parameter, else the layer, of this name. Undefined where the run has none. `names` are those of all parameters, of
 * which the rows are the layers where there are too many.
 */
export function subjectOf(
  { rows }: RunHistory,
  name: string,
  names: readonly string[] = rows.value.parameters,
): Subject | undefined {
  const { parameters, layers, sizes, byLayer } = rows.value;
  const row = indexIn(parameters, name);
  const isLayer = byLayer ? indexIn(layers, name) >= 0 : row < 0;
  const all = isLayer ? layers : names;
  const at = indexIn(all, name);
  if (at < 0) return undefined;
  const layer = isLayer ? undefined : layerOf(name);
  const listed = byLayer && names === parameters ? [] : names;
  const members = listed.filter((other) => layerOf(other) === (layer ?? name));
  const elements = (some: readonly string[]) =>
    some.reduce((sum, each) => sum + (sizes[indexIn(parameters, each)] ?? 0), 0);
  return {
    name,
    isLayer,
    row: row < 0 ? undefined : row,
    elements: elements(row < 0 && isLayer ? members : [name]),
    place: at + 1,
    count: all.length,
    previous: all[at - 1],
    next: all[at + 1],
    layer: layer === name ? undefined : layer,
    members,
  };
}
