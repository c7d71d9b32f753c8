import type { AnyParameterUpdates, Statistic } from '../../../parameters/index.js';
import { DETAIL_LIMITS } from '../history-limits.js';
import type { LayerColumns } from '../layer-columns.js';
import { ParameterTable, type RowPick, type TableChanges } from '../parameter-table.js';
import { RowIndex } from '../row-index.js';
import type { Rows, RunChanges } from '../run-history.js';
import { type ScalarChanges, ScalarSeries } from '../scalar-series.js';
import type { StepRange } from '../step-buckets.js';
import { FinerSeries } from './finer-series.js';

const STATISTICS: readonly Statistic[] = ['updateRatio', 'updateNorm', 'weightNorm', 'gradientNorm'];
/** Of a row of a table in a bucket: two numbers a statistic. */
const ROW_BYTES = 2 * STATISTICS.length * Float32Array.BYTES_PER_ELEMENT;
const MOST_BUCKETS = 8192;
const FEWEST_BUCKETS = 32;

/** Of the parameters of a run, or of its layers, whatever their number. */
class FinerTable {
  readonly rows = new RowIndex(Infinity);
  readonly table = new ParameterTable(STATISTICS, MOST_BUCKETS);

  take(
    step: number,
    { names, sizes, columns }: Pick<LayerColumns, 'names' | 'sizes'> & { readonly columns: object },
  ): boolean {
    const grew = this.rows.add(names, sizes);
    this.table.take(step, this.rows.rowsOf(names), columns, 0);
    return grew;
  }
}

/**
 * What is kept of a run where there is more room than on a page: each value of its series, and a table of all parameters
 * and layers, so that steps that are zoomed into, and any one parameter, can be shown.
 */
export class FinerHistory {
  readonly #series = new Map<string, FinerSeries>();
  readonly #parameters = new FinerTable();
  readonly #layers = new FinerTable();

  /** `onGrown`: there are more rows than before. */
  constructor(private readonly onGrown: () => void) {}

  take(name: string, step: number, value: number): void {
    let series = this.#series.get(name);
    if (!series) {
      series = new FinerSeries();
      this.#series.set(name, series);
    }
    series.take(step, value);
  }

  takeUpdates({ step, names, sizes, columns }: AnyParameterUpdates, layers: LayerColumns): void {
    const grew = [this.#parameters.take(step, { names, sizes, columns }), this.#layers.take(step, layers)];
    if (grew.includes(true)) this.onGrown();
  }

  /** Forget what is after a step: it is taken anew. */
  cutAfter(step: number): void {
    for (const series of this.#series.values()) series.cutAfter(step);
    for (const { table } of [this.#parameters, this.#layers]) table.cutAfter(step, 0);
  }

  /** Bytes that a bucket of the tables takes. */
  get bucketBytes(): number {
    return ROW_BYTES * (this.#parameters.rows.names.length + this.#layers.rows.names.length);
  }

  /** Have tables of so many bytes, about, from now on. */
  limitTablesTo(bytes: number): void {
    const buckets = Math.floor(bytes / Math.max(1, this.bucketBytes));
    const limit = Math.min(MOST_BUCKETS, Math.max(FEWEST_BUCKETS, buckets));
    this.#parameters.table.limitTo(limit);
    this.#layers.table.limitTo(limit);
  }

  /** Whether it has every value of its series, one by one. */
  get hasEveryValue(): boolean {
    return [...this.#series.values()].every(({ width }) => width === 1);
  }

  /** Whether its tables have every step. */
  get hasEveryRow(): boolean {
    return this.#parameters.table.width === 1;
  }

  /** Names of all parameters, and of their layers. */
  get names(): { readonly parameters: readonly string[]; readonly layers: readonly string[] } {
    return { parameters: this.#parameters.rows.names, layers: this.#layers.rows.names };
  }

  seriesIn(range: StepRange): (readonly [string, ScalarChanges])[] {
    return [...this.#series].flatMap(([name, series]) => {
      const detail = new ScalarSeries(DETAIL_LIMITS.series);
      detail.widenTo(series.width);
      for (const bucket of series.buckets(range)) detail.join(bucket, 1);
      const changes = detail.changesSince(0);
      return changes ? [[name, changes] as const] : [];
    });
  }

  /** Of the rows that a page shows. */
  tablesIn(range: StepRange, { parameters, layers, byLayer }: Rows): TablesInRange {
    const shown = byLayer ? this.#layers : this.#parameters;
    return {
      ...changesOf('parameters', STATISTICS, range, [[shown, parameters]]),
      ...changesOf('layers', ['updateRatio'], range, [[this.#layers, layers]]),
    };
  }

  /** Of parameters and layers by their names; a name that both have is that of the parameter. */
  namedIn(range: StepRange, wanted: readonly string[]): TablesInRange & { readonly rows: Rows } {
    const parameters = wanted.filter((name) => this.#parameters.rows.rowOf(name) !== undefined);
    const layers = wanted.filter((name) => !parameters.includes(name) && this.#layers.rows.rowOf(name) !== undefined);
    const picked: readonly PickedNames[] = [
      [this.#parameters, parameters],
      [this.#layers, layers],
    ];
    return {
      rows: {
        parameters: [...parameters, ...layers],
        sizes: picked.flatMap(([{ rows }, names]) => names.map((name) => rows.sizes[rows.rowOf(name)!]!)),
        layers: [],
        parameterCount: this.#parameters.rows.names.length,
        elementCount: this.#parameters.rows.sizes.reduce((sum, size) => sum + size, 0),
        byLayer: false,
        hidden: 0,
      },
      ...changesOf('parameters', STATISTICS, range, picked),
    };
  }
}

type TablesInRange = Pick<RunChanges, 'parameters' | 'layers'>;
type PickedNames = readonly [of: FinerTable, names: readonly string[]];

/** A table of picked rows, one below the other, if it has any. */
function changesOf<K extends 'parameters' | 'layers'>(
  key: K,
  statistics: readonly Statistic[],
  range: StepRange,
  picked: readonly PickedNames[],
): { readonly [key in K]?: TableChanges } {
  const detail = new ParameterTable(statistics, DETAIL_LIMITS.table);
  let row = 0;
  for (const [{ rows, table }, names] of picked) {
    const picks: RowPick[] = [];
    for (const name of names) {
      const of = rows.rowOf(name);
      if (of !== undefined) picks.push({ row, of });
      row++;
    }
    detail.join(table, picks, range, 1);
  }
  const changes = detail.changesSince(0);
  return (changes ? { [key]: changes } : {}) as { readonly [key in K]?: TableChanges };
}
