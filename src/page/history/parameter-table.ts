import type { Statistic } from '../../parameters/index.js';
import { ABSENT, packNorms, unpackNorms } from './packed-numbers.js';
import { type Bucket, StepBuckets, type StepRange } from './step-buckets.js';

interface TableBucket extends Bucket {
  /** The least and the greatest value of each statistic of each row: `[row][statistic][min, max]`. */
  extremes: Float32Array;
}

/** A row of a table, and which row of another one it is. */
export interface RowPick {
  readonly row: number;
  readonly of: number;
}

export interface TableChanges {
  readonly width: number;
  /** As {@link BucketChanges}. */
  readonly from?: number;
  readonly buckets: readonly (readonly [start: number, extremes: string])[];
}

/** The least and the greatest value within a bucket of steps. A NaN makes `max` NaN. */
export interface Extremes {
  readonly start: number;
  readonly min: number;
  readonly max: number;
}

/** Buckets a table has at most, of a whole run. */
export const TABLE_BUCKETS = 384;

/**
 * Statistics of many rows (parameters or layers) over the steps, with exact extremes within each bucket of steps. Rows
 * may join later; a bucket from before, or a step that does not have them, leaves them absent.
 */
export class ParameterTable {
  readonly #buckets: StepBuckets<TableBucket>;

  constructor(
    readonly statistics: readonly Statistic[],
    limit = TABLE_BUCKETS,
  ) {
    this.#buckets = new StepBuckets<TableBucket>(limit, {
      make: (start) => ({ start, last: start, version: 0, extremes: new Float32Array(0) }),
      merge: (into, from) => {
        into.extremes = withLength(into.extremes, from.extremes.length);
        widenAll(into.extremes, from.extremes);
        into.last = from.last;
      },
      copy: (bucket) => ({ ...bucket, extremes: bucket.extremes.slice() }),
    });
  }

  get width(): number {
    return this.#buckets.width;
  }

  /** The first step of each bucket. */
  get starts(): readonly number[] {
    return this.#buckets.all.map(({ start }) => start);
  }

  /** Take one step's columns; `rows[i]` is the row of element `i`, or undefined where it has none. */
  take(
    step: number,
    rows: readonly (number | undefined)[],
    columns: { readonly [S in Statistic]?: ArrayLike<number> },
    version: number,
  ): void {
    const rowCount = rows.reduce<number>((most, row) => Math.max(most, (row ?? -1) + 1), 0);
    this.#buckets.add(step, version, (bucket) => {
      bucket.last = Math.max(bucket.last, step);
      bucket.extremes = withLength(bucket.extremes, rowCount * 2 * this.statistics.length);
      this.#widen(bucket.extremes, rows, columns);
    });
  }

  #widen(
    extremes: Float32Array,
    rows: readonly (number | undefined)[],
    columns: { readonly [S in Statistic]?: ArrayLike<number> },
  ): void {
    const stride = 2 * this.statistics.length;
    for (const [s, statistic] of this.statistics.entries()) {
      const column = columns[statistic];
      if (column) widenColumn(extremes, column, { rows, stride, offset: 2 * s });
    }
  }

  /** Take rows of another table, over the buckets that hold some of the steps. */
  join(other: ParameterTable, picks: readonly RowPick[], { from, to }: StepRange, version: number): void {
    const stride = 2 * this.statistics.length;
    const length = stride * picks.reduce((most, { row }) => Math.max(most, row + 1), 0);
    this.#buckets.widenTo(other.width);
    for (const { start, extremes } of other.#buckets.all) {
      if (start > to || start + other.width <= from) continue;
      this.#buckets.add(start, version, (bucket) => {
        bucket.extremes = withLength(bucket.extremes, length);
        for (const [s, statistic] of this.statistics.entries()) {
          for (const { row, of } of picks) {
            const at = other.#offset(of, statistic);
            if (at < extremes.length) widen(bucket.extremes, row * stride + 2 * s, extremes[at]!, extremes[at + 1]!);
          }
        }
      });
    }
  }

  /** Have at most so many buckets from now on. */
  limitTo(limit: number): void {
    this.#buckets.limitTo(limit);
  }

  clear(): void {
    this.#buckets.clear();
  }

  /** The run may go back to this step, which is its last. */
  keep(step: number): void {
    this.#buckets.keep(step);
  }

  /** As {@link StepBuckets.cutAfter}. */
  cutAfter(step: number, version: number): number {
    return this.#buckets.cutAfter(step, version);
  }

  /** One statistic of one row over the steps; buckets that do not have it are left out. */
  row(row: number, statistic: Statistic): Extremes[] {
    const offset = this.#offset(row, statistic);
    return this.#buckets.all.flatMap(({ start, extremes }) => {
      const min = extremes[offset] ?? ABSENT;
      const max = extremes[offset + 1] ?? ABSENT;
      return min === ABSENT ? [] : [{ start, min, max }];
    });
  }

  /** The last that a row has of a statistic. */
  latest(row: number, statistic: Statistic): Extremes | undefined {
    const offset = this.#offset(row, statistic);
    const bucket = this.#buckets.all.findLast(({ extremes }) => (extremes[offset] ?? ABSENT) !== ABSENT);
    return bucket && { start: bucket.start, min: bucket.extremes[offset]!, max: bucket.extremes[offset + 1]! };
  }

  /** Call `visit` for every row of a bucket, by its place, that has a statistic. */
  forEachRow(
    bucket: number,
    statistic: Statistic,
    rowCount: number,
    visit: (row: number, min: number, max: number) => void,
  ): void {
    const extremes = this.#buckets.all[bucket]?.extremes ?? [];
    const stride = 2 * this.statistics.length;
    const offset = this.#offset(0, statistic);
    for (let row = 0; row < rowCount && row * stride + offset + 1 < extremes.length; row++) {
      const min = extremes[row * stride + offset]!;
      if (min !== ABSENT) visit(row, min, extremes[row * stride + offset + 1]!);
    }
  }

  changesSince(version: number): TableChanges | undefined {
    const changes = this.#buckets.changesSince(version);
    return (
      changes && { ...changes, buckets: changes.buckets.map(({ start, extremes }) => [start, packNorms(extremes)]) }
    );
  }

  apply({ buckets, ...changed }: TableChanges): void {
    const last = changed.width - 1;
    const unpacked = buckets.map(([start, text]) => ({
      start,
      last: start + last,
      version: 0,
      extremes: unpackNorms(text),
    }));
    this.#buckets.follow({ ...changed, buckets: unpacked });
  }

  #offset(row: number, statistic: Statistic): number {
    return 2 * (row * this.statistics.length + this.statistics.indexOf(statistic));
  }
}

function withLength(extremes: Float32Array, length: number): Float32Array {
  if (extremes.length >= length) return extremes;
  const longer = new Float32Array(length).fill(ABSENT);
  longer.set(extremes);
  return longer;
}

/** Widen a pair of extremes to hold another; NaN counts as greater than all. */
function widen(extremes: Float32Array, at: number, min: number, max: number): void {
  if (min === ABSENT) return;
  const [oldMin, oldMax] = [extremes[at]!, extremes[at + 1]!];
  if (oldMin === ABSENT) {
    extremes[at] = min;
    extremes[at + 1] = max;
    return;
  }
  if (min < oldMin || Number.isNaN(oldMin)) extremes[at] = min;
  if (max > oldMax || Number.isNaN(max)) extremes[at + 1] = max;
}

interface ColumnPlaces {
  readonly rows: readonly (number | undefined)[];
  /** Numbers of a row. */
  readonly stride: number;
  /** Of the column's pair within a row. */
  readonly offset: number;
}

/** As {@link widen}, by one value each, in place: a call for each would leave the numbers it is given to be collected. */
function widenColumn(extremes: Float32Array, column: ArrayLike<number>, { rows, stride, offset }: ColumnPlaces): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (row === undefined) continue;
    const at = row * stride + offset;
    const value = column[i]!;
    if (value === ABSENT) continue;
    const isFirst = extremes[at] === ABSENT;
    if (isFirst || value < extremes[at]! || Number.isNaN(extremes[at])) extremes[at] = value;
    if (isFirst || value > extremes[at + 1]! || Number.isNaN(value)) extremes[at + 1] = value;
  }
}

/** As {@link widen}, of every pair: half a million of them at once, when buckets merge. */
function widenAll(extremes: Float32Array, others: Float32Array): void {
  for (let at = 0; at < others.length; at += 2) {
    const min = others[at]!;
    const max = others[at + 1]!;
    const oldMin = extremes[at]!;
    const oldMax = extremes[at + 1]!;
    // What is a number, and there, in both: mostly.
    if (min >= 0 && oldMin >= 0 && max >= 0 && oldMax >= 0) {
      if (min < oldMin) extremes[at] = min;
      if (max > oldMax) extremes[at + 1] = max;
    } else widen(extremes, at, min, max);
  }
}
