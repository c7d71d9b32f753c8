import { mergeHistograms, NO_HISTOGRAM } from './magnitude-histogram.js';
import type { HistogramSubject } from './statistics.js';
import { addSums, markIncomparable, SUM_FIELDS, type SumField, type UpdateSums, zeroSums } from './update-sums.js';

/** Which piece of a parameter a rank has: number `part` of `parts`. All of it is 0 of 1. */
export interface Piece {
  /** Which of them, from 0. */
  readonly part: number;
  /** In how many pieces the parameter is kept, over all ranks. */
  readonly parts: number;
}

/** The parameters that a rank has, or the pieces of them. */
export interface RankParameters {
  /** One name a parameter, in the order of the columns of its sums. */
  readonly names: readonly string[];
  /** Elements of the pieces. */
  readonly sizes: readonly number[];
  /** Shapes of the whole parameters. */
  readonly shapes: readonly (readonly number[])[];
  /** Of each parameter, which piece the rank has. */
  readonly pieces: readonly Piece[];
}

/** What one rank found of an update. */
export interface RankSums {
  readonly rank: number;
  readonly parameters: RankParameters;
  readonly sums: UpdateSums;
}

/** A parameter of which ranks should have the same, and do not. */
export interface Difference {
  readonly parameter: string;
  readonly ranks: readonly [number, number];
  /** The larger of the relative differences of their update norms and of their weight norms; Infinity where one is NaN. */
  readonly relative: number;
}

/** What all ranks together found of an update. */
export interface JoinedSums {
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
  readonly sums: UpdateSums;
  /** The share of the elements of which all pieces are there; the sums of the others are NaN. */
  readonly coverage: number;
  readonly differences: readonly Difference[];
}

/** Which element of the sums of which rank. */
interface Place {
  readonly rank: number;
  readonly at: number;
}

interface Plan {
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
  /** By parameter: one place for each of its parts that is there. */
  readonly added: readonly (readonly Place[])[];
  /** The parameters of which a part is not there. */
  readonly incomplete: readonly number[];
  /** Places that should be alike. */
  readonly replicas: readonly (readonly [number, Place, Place])[];
  readonly coverage: number;
}

/** Replicas are one number in another process: what differs by more than the rounding of float32 sums differs. */
const ALIKE = 1e-6;

/**
 * Adds what the ranks found: the pieces of a parameter together, replicas once. Never a sum that looks like that of the
 * whole and is not: where a piece is missing, all sums of that parameter are NaN. The plan of who adds what is kept while
 * the ranks send of the same lists of parameters.
 */
export class RankAdder {
  #lists: readonly RankParameters[] = [];
  /** How many of them were of ranks that are there. */
  #present = 0;
  #plan: Plan | undefined;

  /** `absent` are the lists of ranks that found nothing of this update: of what only they have, nothing is known. */
  join(found: readonly RankSums[], absent: readonly RankParameters[] = []): JoinedSums {
    const lists = [...found.map(({ parameters }) => parameters), ...absent];
    const isSame = lists.length === this.#lists.length && lists.every((list, i) => list === this.#lists[i]);
    if (!this.#plan || !isSame || found.length !== this.#present) {
      this.#plan = planOf(lists, found.length);
      this.#lists = lists;
      this.#present = found.length;
    }
    const { names, shapes, sizes, coverage, replicas } = this.#plan;
    if (lists.length === 1 && coverage === 1) {
      return { names, shapes, sizes, coverage, differences: [], sums: found[0]!.sums };
    }
    const differences = replicas.flatMap(([i, one, other]) => differenceOf(found, names[i]!, one, other) ?? []);
    return { names, shapes, sizes, coverage, differences, sums: sumsOf(this.#plan, found) };
  }
}

/** Those after the first `present` lists are of ranks that are absent. */
function planOf(lists: readonly RankParameters[], present: number): Plan {
  const indices = new Map<string, number>();
  const shapes: (readonly number[])[] = [];
  const sizes: number[] = [];
  const parts: Map<number, Place>[] = [];
  const numbers: number[] = [];
  const replicas: [number, Place, Place][] = [];
  lists.forEach(({ names, pieces, shapes: wholes }, rank) => {
    names.forEach((name, at) => {
      let i = indices.get(name);
      if (i === undefined) {
        i = indices.size;
        indices.set(name, i);
        shapes.push(wholes[at]!);
        sizes.push(wholes[at]!.reduce((product, length) => product * length, 1));
        parts.push(new Map());
        numbers.push(pieces[at]!.parts);
      }
      if (rank >= present) return;
      const { part } = pieces[at]!;
      const first = parts[i]!.get(part);
      if (first) replicas.push([i, first, { rank, at }]);
      else parts[i]!.set(part, { rank, at });
    });
  });
  const incomplete = numbers.flatMap((number, i) => (parts[i]!.size < number ? [i] : []));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const missing = incomplete.reduce((sum, i) => sum + sizes[i]!, 0);
  return {
    names: [...indices.keys()],
    shapes,
    sizes,
    added: parts.map((places) => [...places.values()]),
    incomplete,
    replicas,
    coverage: total > 0 ? 1 - missing / total : 1,
  };
}

function sumsOf({ sizes, added, incomplete }: Plan, found: readonly RankSums[]): UpdateSums {
  const scalars = (Object.keys(SUM_FIELDS) as (keyof typeof SUM_FIELDS)[]).filter((part) =>
    found.every(({ sums }) => SUM_FIELDS[part].every((field) => sums[field])),
  );
  const joined = zeroSums(new Float64Array(sizes.length), scalars);
  added.forEach((places, i) => {
    for (const { rank, at } of places) addSums(joined, i, found[rank]!.sums, at);
  });
  for (const i of incomplete) {
    markIncomparable(joined, scalars, i);
    joined.size[i] = sizes[i]!;
  }
  const subjects = (['update', 'weight', 'gradient'] as const).filter((subject: HistogramSubject) =>
    found.every(({ sums }) => sums.histograms?.[subject]),
  );
  if (subjects.length === 0) return joined;
  const partial = new Set(incomplete);
  const histograms = subjects.map((subject) => [
    subject,
    added.map((places, i) => {
      if (partial.has(i)) return NO_HISTOGRAM;
      return mergeHistograms(places.map(({ rank, at }) => found[rank]!.sums.histograms![subject]![at]!));
    }),
  ]);
  return { ...joined, histograms: Object.fromEntries(histograms) };
}

function differenceOf(found: readonly RankSums[], parameter: string, one: Place, other: Place): Difference | undefined {
  const relative = Math.max(...COMPARED.map((field) => apart(found, field, one, other)));
  if (relative <= ALIKE) return undefined;
  return { parameter, ranks: [found[one.rank]!.rank, found[other.rank]!.rank], relative };
}

/** Sums of squares that are not the same are those of values that are not the same; the reverse is all but certain. */
const COMPARED: readonly SumField[] = ['updateSquares', 'weightSquares'];

function apart(found: readonly RankSums[], field: SumField, one: Place, other: Place): number {
  const [a, b] = [one, other].map(({ rank, at }) => Math.sqrt(found[rank]!.sums[field]?.[at] ?? 0)) as [number, number];
  if (Object.is(a, b)) return 0;
  const relative = Math.abs(a - b) / Math.max(a, b);
  return Number.isNaN(relative) ? Infinity : relative;
}
