import type { DefaultStatistic, MagnitudeHistograms, Statistic, StatisticColumns } from './statistics.js';

/** One parameter's row: its name, its size, and one number a statistic. */
export type ParameterUpdate<S extends Statistic = DefaultStatistic> = {
  /** The name of the parameter: `hidden/kernel`. */
  readonly name: string;
  /** How many elements it has. */
  readonly size: number;
} & { readonly [K in S]: number };

/**
 * How far every parameter moved in one update: one column a statistic, one element a parameter. Iterating gives rows;
 * `of(name)` gives one.
 *
 * `ParameterUpdates<S>` says in its type which statistics it has, so that an operator that needs `weightNorm` cannot be
 * put behind a stream that has none.
 */
export interface ParameterUpdates<S extends Statistic = DefaultStatistic> extends Iterable<ParameterUpdate<S>> {
  readonly type: 'parameter-updates';
  /** The name of the run. */
  readonly run: string;
  /** Updates done, this one included: the first is 1. */
  readonly step: number;
  /** Epochs done, with the fraction of the running one where the source knows it. */
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The step's loss, NaN where the loop never showed it. */
  readonly loss: number;
  /** False where the loop never showed it; else left out. */
  readonly lossShown?: false;
  /** The rate of the update; NaN where the optimizer has none that can be read. */
  readonly learningRate: number;
  /** Updates the run will make, where known. */
  readonly maxSteps?: number;
  /** The share of the model's elements that is known, where some ranks have not told of theirs: below 1. */
  readonly coverage?: number;
  /** One name a parameter, in the order of the columns. */
  readonly names: readonly string[];
  /** Elements of each parameter. */
  readonly sizes: readonly number[];
  /** One array a statistic, one element a parameter: see {@link STATISTICS} for formulas and units. */
  readonly columns: StatisticColumns<S>;
  /** Of what was asked for, one histogram a parameter; an empty object where nothing was. */
  readonly histograms: MagnitudeHistograms;
  /**
   * The row of a parameter. It may be taken out: `({ of }) => of('hidden/kernel')`.
   *
   * @throws RangeError that lists the names there are.
   */
  readonly of: (name: string) => ParameterUpdate<S>;
}

/** Any `ParameterUpdates`, whatever its statistics: what sinks take. */
export type AnyParameterUpdates = ParameterUpdates<never>;

/** The fields of a `ParameterUpdates` that are data. */
export type ParameterUpdatesData<S extends Statistic = DefaultStatistic> = Omit<
  ParameterUpdates<S>,
  'type' | 'of' | typeof Symbol.iterator
>;

/**
 * Make a `ParameterUpdates` of its columns.
 *
 * @example
 * ```ts
 * import { createParameterUpdates } from 'trainscope';
 *
 * const updates = createParameterUpdates({
 *   ...{ run: 'run', step: 1, epoch: 0.1, time: 0, loss: 0.7, learningRate: 0.1 },
 *   names: ['hidden/kernel', 'hidden/bias'],
 *   sizes: [64, 16],
 *   columns: { updateNorm: Float64Array.of(0.25, 0.5) },
 *   histograms: {},
 * });
 * console.log(updates.of('hidden/bias').updateNorm); // 0.5
 * ```
 */
export function createParameterUpdates<S extends Statistic>(data: ParameterUpdatesData<S>): ParameterUpdates<S> {
  return new Updates(data);
}

/**
 * The column of a statistic, where the updates have it.
 *
 * @example
 * ```ts
 * import { columnOf, observe, parameterUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4), bias: Float32Array.of(0) });
 * run.events$.pipe(parameterUpdates()).subscribe((updates) => console.log(columnOf(updates, 'updateNorm'))); // Float64Array of 2
 * ```
 */
export function columnOf(updates: AnyParameterUpdates, statistic: Statistic): Float64Array | undefined {
  return (updates.columns as Partial<StatisticColumns>)[statistic];
}

/**
 * The statistics that the updates have, in the order of `STATISTICS`.
 *
 * @example
 * ```ts
 * import { observe, parameterUpdates, statisticsOf } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4), bias: Float32Array.of(0) });
 * const updates$ = run.events$.pipe(parameterUpdates({ statistics: ['weightNorm', 'updateNorm'] }));
 * updates$.subscribe((updates) => console.log(statisticsOf(updates))); // the two
 * ```
 */
export function statisticsOf(updates: AnyParameterUpdates): readonly Statistic[] {
  return Object.keys(updates.columns) as Statistic[];
}

/** The names that are picked of a list of names by a list of indices. */
const picked = new WeakMap<readonly string[], WeakMap<readonly number[], readonly string[]>>();

function pickNames(names: readonly string[], indices: readonly number[]): readonly string[] {
  let lists = picked.get(names);
  if (!lists) {
    lists = new WeakMap();
    picked.set(names, lists);
  }
  let list = lists.get(indices);
  if (!list) {
    list = Object.freeze(indices.map((i) => names[i]!));
    lists.set(indices, list);
  }
  return list;
}

/**
 * The same step with only the parameters at `indices`, in that order. Of the same list of names the same list of indices
 * picks the same list again, for whoever caches by it: so neither may be changed afterwards.
 *
 * @example
 * ```ts
 * import { map } from 'rxjs';
 * import { observe, parameterUpdates, pickParameters } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4), bias: Float32Array.of(0) });
 * const first = [0]; // one list, for all steps
 * run.events$.pipe(parameterUpdates(), map((updates) => pickParameters(updates, first))).subscribe(({ names }) => console.log(names)); // ['weight']
 * ```
 */
export function pickParameters<S extends Statistic>(
  updates: ParameterUpdates<S>,
  indices: readonly number[],
): ParameterUpdates<S> {
  const pick = <T>(values: ArrayLike<T>): T[] => indices.map((i) => values[i] as T);
  const columns: Partial<Record<Statistic, Float64Array>> = {};
  for (const statistic of statisticsOf(updates)) {
    columns[statistic] = Float64Array.from(pick(columnOf(updates, statistic)!));
  }
  const histograms = Object.fromEntries(
    Object.entries(updates.histograms).map(([subject, list]) => [subject, pick(list)]),
  );
  return createParameterUpdates({
    ...dataOf(updates),
    names: pickNames(updates.names, indices),
    sizes: pick(updates.sizes),
    columns: columns as StatisticColumns<S>,
    histograms,
  });
}

/** The data fields of `updates`, to make another of. */
export function dataOf<S extends Statistic>(updates: ParameterUpdates<S>): ParameterUpdatesData<S> {
  const {
    run,
    step,
    epoch,
    time,
    loss,
    lossShown,
    learningRate,
    maxSteps,
    coverage,
    names,
    sizes,
    columns,
    histograms,
  } = updates;
  const context = { run, step, epoch, time, loss, learningRate };
  const known = {
    ...(lossShown === false && { lossShown }),
    ...(maxSteps !== undefined && { maxSteps }),
    ...(coverage !== undefined && { coverage }),
  };
  return { ...context, ...known, names, sizes, columns, histograms };
}

function defineFields(target: object, data: object): void {
  for (const [name, value] of Object.entries(data)) {
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

class Updates<S extends Statistic> implements ParameterUpdates<S> {
  readonly type = 'parameter-updates';
  declare readonly run: string;
  declare readonly step: number;
  declare readonly epoch: number;
  declare readonly time: number;
  declare readonly loss: number;
  declare readonly lossShown?: false;
  declare readonly learningRate: number;
  declare readonly maxSteps?: number;
  declare readonly coverage?: number;
  declare readonly names: readonly string[];
  declare readonly sizes: readonly number[];
  declare readonly columns: StatisticColumns<S>;
  declare readonly histograms: ParameterUpdates<S>['histograms'];

  constructor(data: ParameterUpdatesData<S>) {
    // To assign to `__proto__`, a field that files of others may have, would be to take it for the prototype.
    if (Object.hasOwn(data, '__proto__')) defineFields(this, data);
    else Object.assign(this, data);
  }

  get of(): (name: string) => ParameterUpdate<S> {
    return (name) => {
      const index = this.names.indexOf(name);
      if (index < 0) {
        throw new RangeError(`name: expected one of ${this.names.join(', ')}; got ${JSON.stringify(name)}`);
      }
      return this.row(index);
    };
  }

  /** A field `of`, which files of others may have, is left out. */
  set of(_: unknown) {}

  *[Symbol.iterator](): Iterator<ParameterUpdate<S>> {
    for (let index = 0; index < this.names.length; index++) yield this.row(index);
  }

  private row(index: number): ParameterUpdate<S> {
    const row: Record<string, string | number> = { name: this.names[index]!, size: this.sizes[index]! };
    for (const statistic in this.columns) row[statistic] = this.columns[statistic][index]!;
    return row as ParameterUpdate<S>;
  }
}
