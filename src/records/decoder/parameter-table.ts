import { describeValue, isCount } from '../../events/index.js';
import type { Piece, RankParameters } from '../../parameters/index.js';

/** The parameters that the lines of a stream are of. */
export interface ParameterTable extends RankParameters {
  /** The same sizes, as sums have them. */
  readonly size: Float64Array;
}

const ALL: Piece = Object.freeze({ part: 0, parts: 1 });

/** @throws TypeError for a line that lists no parameters, or sizes and shapes that do not go together. */
export function tableOf(record: Readonly<Record<string, unknown>>): ParameterTable {
  const { names, sizes, shapes, placements } = record;
  if (
    !isListOf(names, (name) => typeof name === 'string') ||
    !isListOf(sizes, isCount) ||
    names.length !== sizes.length
  )
    throw new TypeError('parameters: expected as many names as sizes, got something else');
  const pieces = piecesOf(placements, names.length);
  const wholes = shapes === undefined ? sizes.map((size) => [size]) : checkShapes(shapes, names.length);
  for (const [i, name] of names.entries()) checkSize(name, sizes[i]!, wholes[i]!, pieces[i]!);
  return { names, sizes, shapes: wholes, pieces, size: Float64Array.from(sizes) };
}

function piecesOf(placements: unknown, length: number): readonly Piece[] {
  const each = isListOf(placements, isPlacement) && placements.length === length ? placements : undefined;
  if (each) return each.map(pieceOf);
  const all = placements ?? 'whole';
  if (isPlacement(all)) return new Array<Piece>(length).fill(pieceOf(all));
  throw new TypeError(
    `placements: expected "whole", "replicated" or [part, parts], one a parameter or one for all; got ${describeValue(placements)}`,
  );
}

type Placement = 'whole' | 'replicated' | readonly [number, number];

function isPlacement(value: unknown): value is Placement {
  if (value === 'whole' || value === 'replicated') return true;
  return isListOf(value, isCount) && value.length === 2 && value[0]! < value[1]!;
}

function pieceOf(placement: Placement): Piece {
  return typeof placement === 'string' ? ALL : { part: placement[0], parts: placement[1] };
}

function checkShapes(shapes: unknown, length: number): readonly (readonly number[])[] {
  if (isListOf(shapes, (shape) => isListOf(shape, isCount)) && shapes.length === length) {
    return shapes as readonly (readonly number[])[];
  }
  throw new TypeError(`shapes: expected ${length} lists of lengths, one a parameter, got something else`);
}

function checkSize(name: string, size: number, shape: readonly number[], { parts }: Piece): void {
  const whole = shape.reduce((product, length) => product * length, 1);
  if (parts === 1 ? size === whole : size <= whole) return;
  throw new TypeError(
    `sizes: expected ${parts === 1 ? '' : 'at most '}${whole} elements of ${JSON.stringify(name)}, which is [${shape.join(', ')}]; got ${size}`,
  );
}

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is readonly T[];
function isListOf(value: unknown, is: (item: unknown) => boolean): value is readonly string[];
function isListOf(value: unknown, is: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is);
}
