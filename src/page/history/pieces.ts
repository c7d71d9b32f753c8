import type { Changes } from './histories.js';
import type { RunChanges } from './run-history.js';

/** Characters of a piece at most, about: some milliseconds to take it. */
const PIECE_CHARACTERS = 200_000;
/** Of a bucket of a series that has several steps. */
const BUCKET_CHARACTERS = 50;

/** Changes in pieces, each of which is soon taken: first the series of all runs, then what is of their parameters. */
export function* piecesOf(changes: Changes): Generator<Changes> {
  const series = changes.runs.flatMap((run) => [...seriesOf(run)]);
  const all = [...series, ...changes.runs.flatMap((run) => [...tablesOf(run)])];
  if (all.length === 0) yield changes;
  for (const [i, run] of all.entries()) {
    const from = i === 0 ? changes.from : changes.to;
    const more = i + 1 < series.length ? 'series' : 'tables';
    yield { ...changes, from, runs: [run], ...(i + 1 < all.length && { more }) };
  }
}

function* seriesOf({ name, state, series, marks, omitted }: RunChanges): Generator<RunChanges> {
  const [first = [], ...others] = groups(series, ([, { buckets }]) => BUCKET_CHARACTERS * buckets.length);
  yield { name, ...(state && { state }), series: first, ...(marks && { marks }), ...(omitted && { omitted }) };
  for (const group of others) yield { name, series: group };
}

function* tablesOf(run: RunChanges): Generator<RunChanges> {
  const { name, state: _, series: __, marks: ___, omitted: ____, ...tables } = run;
  const { parameters, layers, histograms, activations, ...rest } = tables;
  const piece = (part: Partial<RunChanges>): RunChanges => ({ name, series: [], ...part });
  if (Object.keys(rest).length > 0) yield piece(rest);
  for (const [key, table] of Object.entries({ layers, parameters })) {
    for (const buckets of groups(table?.buckets ?? [], ([, text]) => text.length)) {
      yield piece({ [key]: { ...table, buckets } });
    }
  }
  for (const [key, history] of Object.entries({ histograms, activations })) {
    if (!history) continue;
    const { latest, ...moments } = history;
    yield piece({ [key]: { ...moments, ...(latest && { latest }), buckets: [] } });
    for (const buckets of groups(moments.buckets, (moment) => JSON.stringify(moment).length)) {
      yield piece({ [key]: { ...moments, buckets } });
    }
  }
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
