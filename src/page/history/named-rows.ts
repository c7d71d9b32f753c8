import {
  type AnyParameterUpdates,
  columnOf,
  createParameterUpdates,
  dataOf,
  type HistogramSubject,
  type JointStatistic,
  jointColumns,
  layersOf,
  type MagnitudeHistogram,
  mergeHistograms,
  type ParameterUpdatesData,
} from '../../parameters/index.js';

interface NamedRow {
  readonly name: string;
  /** Indices of its parameters: one, or those of a layer. */
  readonly members: readonly number[];
}

const SHOWN = ['updateRatio', 'updateNorm', 'weightNorm', 'gradientNorm'] as const satisfies readonly JointStatistic[];

/**
 * Makes updates of some parameters and layers, by their names, each as if it were a parameter. A name that both a parameter
 * and a layer have is that of the parameter.
 */
export function namedRows(wanted: readonly string[]): (updates: AnyParameterUpdates) => AnyParameterUpdates {
  let names: readonly string[] | undefined;
  let rows: readonly NamedRow[] = [];
  return (updates) => {
    if (updates.names !== names) {
      names = updates.names;
      rows = rowsOf(names, wanted);
    }
    return updatesOfRows(updates, rows);
  };
}

function rowsOf(names: readonly string[], wanted: readonly string[]): NamedRow[] {
  const layers = new Map(layersOf(names).map(({ name, members }) => [name, members]));
  const parameters = new Map(names.map((name, i) => [name, i]));
  return wanted.flatMap((name) => {
    const parameter = parameters.get(name);
    const members = parameter === undefined ? layers.get(name) : [parameter];
    return members ? [{ name, members }] : [];
  });
}

function updatesOfRows(updates: AnyParameterUpdates, rows: readonly NamedRow[]): AnyParameterUpdates {
  const groups = rows.map(({ members }) => members);
  const joint = groups.some(({ length }) => length > 1) ? jointColumns(updates, groups) : {};
  const columns = SHOWN.flatMap((statistic) => {
    const column = columnOf(updates, statistic);
    if (!column && !joint[statistic]) return [];
    const value = ([first = -1, ...others]: readonly number[], row: number) =>
      (others.length === 0 ? column?.[first] : undefined) ?? joint[statistic]?.[row] ?? Number.NaN;
    return [[statistic, Float64Array.from(groups, value)]];
  });
  const histograms = Object.entries(updates.histograms) as [HistogramSubject, readonly MagnitudeHistogram[]][];
  return createParameterUpdates({
    ...dataOf(updates),
    names: rows.map(({ name }) => name),
    sizes: groups.map((members) => members.reduce((sum, i) => sum + updates.sizes[i]!, 0)),
    columns: Object.fromEntries(columns),
    histograms: Object.fromEntries(
      histograms.map(([subject, list]) => [
        subject,
        groups.map((members) => mergeHistograms(members.map((i) => list[i]!))),
      ]),
    ),
  } as unknown as ParameterUpdatesData<never>);
}
