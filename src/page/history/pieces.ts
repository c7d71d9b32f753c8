import type { Changes, Told } from './changes.js';
import type { RunChanges } from './run-history.js';

/** Characters of a piece at most, about: some milliseconds to take it. */
const PIECE_CHARACTERS = 200_000;
/** Of a bucket of a series that has several steps. */
const BUCKET_CHARACTERS = 50;

/** What is of the runs, packed no sooner than it is asked for. */
export interface OfRuns {
  readonly series: Iterable<RunChanges>;
  readonly tables: Iterable<RunChanges>;
}

/** Changes in pieces, each of which is soon taken: first the series of all runs, then what is of their parameters. */
export function piecesOf({ runs, more: _, ...told }: Changes): Generator<Changes> {
  return inPieces(told, { series: runs, tables: runs });
}

/** Pieces as they are kept and sent: JSON, a line each. */
export function* linesOf(pieces: Iterable<Changes>): Generator<string> {
  for (const piece of pieces) yield `${JSON.stringify(piece)}\n`;
}

export function* inPieces(told: Told, { series, tables }: OfRuns): Generator<Changes> {
  let from = told.from;
  let last: RunChanges | undefined;
  for (const [more, pieces] of [
    ['series', eachOf(series, seriesOf)],
    ['tables', eachOf(tables, tablesOf)],
  ] as const) {
    for (const piece of pieces) {
      if (last) {
        yield { ...told, from, runs: [last], more };
        from = told.to;
      }
      last = piece;
    }
  }
  yield { ...told, from, runs: last ? [last] : [] };
}

function* eachOf(runs: Iterable<RunChanges>, parts: (run: RunChanges) => Generator<RunChanges>): Generator<RunChanges> {
  for (const run of runs) yield* parts(run);
}

function* seriesOf(run: RunChanges): Generator<RunChanges> {
  const { name, state, presence, series, clock, settings, marks, omitted } = run;
  const [first = [], ...others] = groups(series, ([, { starts }]) => BUCKET_CHARACTERS * starts.length);
  const rest = {
    ...(state && { state }),
    ...(presence && { presence }),
    ...(clock && { clock }),
    ...(settings && { settings }),
    ...(marks && { marks }),
    ...(omitted && { omitted }),
  };
  yield { name, series: first, ...rest };
  for (const group of others) yield { name, series: group };
}

function* tablesOf(run: RunChanges): Generator<RunChanges> {
  const { name, parameters, layers, histograms, activations, ...others } = run;
  const { state: _, presence: __, series: ___, clock: ____, ...withoutTime } = others;
  const { settings: _____, marks: ______, omitted: _______, ...rest } = withoutTime;
  const piece = (part: Partial<RunChanges>): RunChanges => ({ name, series: [], ...part });
  if (Object.keys(rest).length > 0) yield piece(rest);
  for (const [key, table] of Object.entries({ layers, parameters })) {
    if (table) for (const part of partsOf(table, ([, text]) => text.length)) yield piece({ [key]: part });
  }
  for (const [key, history] of Object.entries({ histograms, activations })) {
    if (!history) continue;
    for (const part of partsOf(history, (moment) => JSON.stringify(moment).length)) yield piece({ [key]: part });
  }
}

/** The buckets of changes in groups: all else that they say is said by the first. */
function* partsOf<B, C extends { readonly width: number; readonly buckets: readonly B[] }>(
  changes: C & { readonly buckets: readonly B[] },
  charactersOf: (bucket: B) => number,
): Generator<object> {
  const [first = [], ...others] = groups(changes.buckets, charactersOf);
  yield { ...changes, buckets: first };
  for (const buckets of others) yield { width: changes.width, buckets };
}

/** Items in their order, in groups of no more characters than a piece may have, and one item. */
function* groups<T>(items: readonly T[], charactersOf: (item: T) => number): Generator<readonly T[]> {
  let group: T[] = [];
  let characters = 0;
  for (const item of items) {
    group.push(item);
    characters += charactersOf(item);
    if (characters < PIECE_CHARACTERS) continue;
    yield group;
    group = [];
    characters = 0;
  }
  if (group.length > 0) yield group;
}
