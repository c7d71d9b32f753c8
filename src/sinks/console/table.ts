import { plain } from '../../events/index.js';
import { type AnyParameterUpdates, columnOf, ratioHealth, type Statistic } from '../../parameters/index.js';
import { shorten, threeDigits } from './format.js';

const COLUMNS: readonly (readonly [Statistic, string])[] = [
  ['updateNorm', 'update norm'],
  ['weightNorm', 'weight norm'],
  ['gradientNorm', 'grad norm'],
  ['updateRatio', 'ratio'],
];

const CELL = 13;
const LEAST_NAME = 16;

/** The table of a step's updates, within `width` and `height`; what does not fit is counted and said. */
export function tableLines(updates: AnyParameterUpdates, width: number, height: number): string[] {
  const columns = COLUMNS.flatMap(([statistic, title]) => {
    const values = columnOf(updates, statistic);
    return values ? [{ title, values }] : [];
  });
  const ratios = columnOf(updates, 'updateRatio');
  const marks = ratios ? 11 : 0;
  const shown = columns.slice(
    Math.max(0, columns.length - Math.max(1, Math.floor((width - LEAST_NAME - marks) / CELL))),
  );
  const room = Math.max(LEAST_NAME, width - shown.length * CELL - marks);
  const indices = rowsToShow(updates, height - 1);
  const longest = Math.max('parameter'.length, ...indices.map((i) => plain(updates.names[i]!).length));
  const nameWidth = Math.min(room, longest);
  const line = (name: string, cells: readonly string[], mark: string) =>
    `${shorten(name, nameWidth).padEnd(nameWidth)}${cells.map((cell) => cell.padStart(CELL)).join('')}${mark && `  ${mark}`}`;
  const lines = [
    line(
      'parameter',
      shown.map(({ title }) => title),
      '',
    ),
  ];
  for (const i of indices) {
    const cells = shown.map(({ values }) => threeDigits(values[i]!));
    lines.push(line(plain(updates.names[i]!), cells, ratios ? ratioHealth(ratios[i]!) : ''));
  }
  const hidden = updates.names.length - indices.length;
  if (hidden > 0) lines.push(`… ${hidden} more between the fastest and the slowest above`);
  return lines;
}

/** All in their order where they fit, else the fastest and the slowest. */
function rowsToShow({ names, columns }: AnyParameterUpdates, room: number): readonly number[] {
  if (names.length <= room) return names.map((_, i) => i);
  const by =
    (columns as { updateRatio?: Float64Array; updateNorm?: Float64Array }).updateRatio ??
    (columns as { updateNorm?: Float64Array }).updateNorm ??
    new Float64Array(names.length);
  const ranks = by.map((value) => (Number.isNaN(value) ? Infinity : value));
  const kept = Math.max(2, room - 1);
  const fastest = Math.ceil(kept / 2);
  const slowest = firstOf(ranks.length, kept - fastest, (a, b) => ranks[a]! - ranks[b]! || b - a);
  return [...firstOf(ranks.length, fastest, (a, b) => ranks[b]! - ranks[a]! || a - b), ...slowest.reverse()];
}

/** The `count` numbers below `length` that would be the first when sorted: without sorting all of a large model. */
function firstOf(length: number, count: number, compare: (a: number, b: number) => number): number[] {
  const first: number[] = [];
  for (let i = 0; i < length; i++) {
    if (first.length === count && !(compare(i, first[count - 1]!) < 0)) continue;
    let at = first.length;
    while (at > 0 && compare(i, first[at - 1]!) < 0) at--;
    first.splice(at, 0, i);
    if (first.length > count) first.pop();
  }
  return first;
}
