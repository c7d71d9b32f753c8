import type { Sorting } from '../state/choices.js';
import { el } from './dom.js';

/** What a row has in a column; undefined where it has nothing. */
export type SortValue = number | string | undefined;

export interface SortColumn {
  readonly key: string;
  readonly title: string;
  /** Numbers stand at the right. */
  readonly isNumber: boolean;
  /** Whether the greatest are first at first; without, those of numbers are. */
  readonly greatestFirst?: boolean;
}

const collator = new Intl.Collator('en', { numeric: true });

/** The items in the order of their values. NaN is greater than all; those without a value come last, either way. */
export function sortedBy<T>(items: readonly T[], read: (item: T) => SortValue, descending: boolean): T[] {
  const sign = descending ? -1 : 1;
  return items
    .map((item, i) => ({ item, i, value: read(item) }))
    .sort((a, b) => absence(a.value) - absence(b.value) || sign * compare(a.value, b.value) || a.i - b.i)
    .map(({ item }) => item);
}

function absence(value: SortValue): number {
  return value === undefined ? 1 : 0;
}

function compare(a: SortValue, b: SortValue): number {
  if (typeof a !== 'number' || typeof b !== 'number') return collator.compare(String(a), String(b));
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The head of a table that is sorted by any of its columns: numbers the greatest first, at first. */
export function sortHead(
  columns: readonly SortColumn[],
  sorting: Sorting,
  choose: (sorting: Sorting) => void,
): HTMLElement {
  const cells = columns.map(({ key, title, isNumber, greatestFirst = isNumber }) => {
    const isIt = key === sorting.by;
    const onclick = () => choose({ by: key, descending: isIt ? !sorting.descending : greatestFirst });
    const button = el('button', { type: 'button', class: 'sort', onclick, 'data-key': key }, title);
    const order = isIt ? (sorting.descending ? 'descending' : 'ascending') : undefined;
    return el('th', { scope: 'col', class: isNumber && 'number', 'aria-sort': order }, button);
  });
  return el('tr', {}, ...cells);
}
