import type { Config } from '../../../events/index.js';
import { kindOfSetting } from '../../history/differing-settings.js';
import type { RunHistory } from '../../history/run-history.js';
import type { ScalarSeries } from '../../history/scalar-series.js';
import { type SortColumn, type SortValue, sortedBy } from '../parts/sorting.js';
import { namePattern } from '../state/name-pattern.js';
import { STATUS_TEXTS, statusOf } from '../state/run-state.js';

/** A column of the table of runs. */
export interface RunColumn extends SortColumn {
  readonly kind: 'fact' | 'setting' | 'last' | 'best';
  /** Of a setting: whether runs differ in it. */
  readonly differs: boolean;
  /** Of a setting: whether it is a text of each run's own, as a folder is: it says which run it is, not how it was trained. */
  readonly isName: boolean;
  /** Of a metric: whether less is better. */
  readonly isLess: boolean;
}

/** What the table says of a run, by the columns' keys. */
export interface RunRow {
  readonly name: string;
  readonly values: ReadonlyMap<string, SortValue>;
}

export interface RunRows {
  readonly columns: readonly RunColumn[];
  readonly rows: readonly RunRow[];
}

const METRIC = 'metric:';
const FACTS = [
  { key: 'name', title: 'Run', isNumber: false },
  { key: 'state', title: 'State', isNumber: false },
  { key: 'step', title: 'Steps', isNumber: true },
] as const;

const LESS_IS_BETTER = new Set(['loss', 'error', 'perplexity', 'ppl', 'mse', 'rmse', 'mae', 'wer', 'cer']);

/** A loss, an error, a perplexity: what gets better as it gets less. */
export function isLessBetter(metric: string): boolean {
  const words = metric.match(/[A-Z]?[a-z]+|[A-Z]+/g) ?? [];
  return words.some((word) => LESS_IS_BETTER.has(word.toLowerCase()));
}

/** The runs with their settings, and the last and the best of their metrics. */
export function runRows(runs: readonly RunHistory[]): RunRows {
  const settings = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings.value ?? {})))];
  const metrics = [...new Set(runs.flatMap(({ series }) => [...series.keys()].filter(isMetric)))];
  const rows = runs.map((run): RunRow => ({ name: run.name, values: valuesOf(run, settings, metrics) }));
  const facts = FACTS.map((fact) => ({ ...fact, kind: 'fact' as const, differs: false, isName: false, isLess: false }));
  const all = settingColumns(settings, rows);
  const columns = [
    ...facts,
    ...all.filter(tellsApart),
    ...metrics.flatMap(metricColumns),
    ...all.filter(({ isName }) => isName),
    ...all.filter(({ differs }) => !differs),
  ];
  return { columns, rows };
}

function isMetric(series: string): boolean {
  return series === 'loss' || series.startsWith(METRIC);
}

function valuesOf(run: RunHistory, settings: readonly string[], metrics: readonly string[]): Map<string, SortValue> {
  const { state, series } = run;
  const values = new Map<string, SortValue>([
    ['name', run.name],
    ['state', STATUS_TEXTS[statusOf(run)]],
    ['step', state.value.step],
  ]);
  takeSettings(values, run.settings.value, settings);
  for (const name of metrics) {
    const { last, best } = endsOf(series.get(name), isLessBetter(name));
    values.set(`last:${name}`, last);
    values.set(`best:${name}`, best);
  }
  return values;
}

/** The settings of a run as values of its row. */
export function takeSettings(
  values: Map<string, SortValue>,
  settings: Config = {},
  names: readonly string[] = Object.keys(settings),
): void {
  for (const name of names) values.set(settingKey(name), settingValue(settings[name]));
}

/** A column for each setting that is not what the runs are called. */
export function settingColumns(settings: readonly string[], rows: readonly RunRow[]): readonly RunColumn[] {
  return settings.filter((setting) => !isRunName(setting, rows)).map((setting) => settingColumn(setting, rows));
}

function settingKey(name: string): string {
  return `setting:${name}`;
}

/** Whether a setting is what the run is called: it has a column. */
function isRunName(setting: string, rows: readonly RunRow[]): boolean {
  return rows.every(({ name, values }) => values.get(settingKey(setting)) === name);
}

function settingValue(value: string | number | boolean | null | undefined): SortValue {
  return typeof value === 'number' || value === undefined ? value : String(value);
}

function endsOf(series: ScalarSeries | undefined, isLess: boolean): { readonly last?: number; readonly best?: number } {
  const latest = series?.buckets.at(-1);
  if (!series || !latest) return {};
  const finite = series.buckets.filter(({ count }) => count > 0);
  const best = isLess ? Math.min(...finite.map(({ min }) => min)) : Math.max(...finite.map(({ max }) => max));
  return { last: latest.count > 0 ? latest.mean : Number.NaN, ...(finite.length > 0 && { best }) };
}

function settingColumn(setting: string, rows: readonly RunRow[]): RunColumn {
  const key = settingKey(setting);
  const values = rows.map((row) => row.values.get(key));
  const isNumber = values.every((value) => value === undefined || typeof value === 'number');
  const what = kindOfSetting(values);
  return {
    key,
    title: setting,
    kind: 'setting',
    isNumber,
    differs: what !== 'common',
    isName: what === 'name',
    isLess: false,
  };
}

/** Whether a column is of a setting that may explain why runs differ. */
export function tellsApart({ kind, differs, isName }: RunColumn): boolean {
  return kind === 'setting' && differs && !isName;
}

function metricColumns(series: string): RunColumn[] {
  const name = series.startsWith(METRIC) ? series.slice(METRIC.length) : series;
  const isLess = isLessBetter(series);
  const both = { isNumber: true, differs: false, isName: false, isLess };
  return [
    { key: `last:${series}`, title: name, kind: 'last', ...both },
    { key: `best:${series}`, title: `${isLess ? 'least' : 'greatest'} ${name}`, kind: 'best', ...both },
  ];
}

function finiteIn(key: string, rows: readonly RunRow[]): readonly number[] {
  return rows.flatMap(({ values }) => {
    const value = values.get(key);
    return typeof value === 'number' && Number.isFinite(value) ? [value] : [];
  });
}

/** The best value that any run has in a column of a metric. */
export function bestIn({ key, isLess }: RunColumn, rows: readonly RunRow[]): number | undefined {
  const numbers = finiteIn(key, rows);
  if (numbers.length === 0) return undefined;
  return isLess ? Math.min(...numbers) : Math.max(...numbers);
}

/** The rows that a text means: `setting=value`, `metric<number` and the like, else runs by name as parameters are found. */
export function filteredRows<R extends RunRow>(
  { columns, rows }: { readonly columns: readonly SortColumn[]; readonly rows: readonly R[] },
  text: string,
): { rows: readonly R[]; error?: string } {
  const [, title, sign, wanted] = /^\s*(.+?)\s*(!=|=|<|>)\s*(.*?)\s*$/su.exec(text) ?? [];
  const column = columns.find((each) => each.title === title);
  if (column && sign !== undefined && wanted !== undefined) {
    return { rows: rows.filter(({ values }) => holds(values.get(column.key), sign, wanted)) };
  }
  const { matches, error } = namePattern(text);
  return matches ? { rows: rows.filter(({ name }) => matches(name)) } : { rows: [], error };
}

function holds(value: SortValue, sign: string, wanted: string): boolean {
  const same = typeof value === 'number' ? value === Number(wanted) : value === wanted;
  if (sign === '=' || sign === '!=') return same === (sign === '=');
  if (typeof value !== 'number') return false;
  return sign === '<' ? value < Number(wanted) : value > Number(wanted);
}

export interface RunGroup {
  /** The value that its runs have in common; undefined where they have none, or are not grouped. */
  readonly value: SortValue;
  readonly rows: readonly RunRow[];
}

/** The rows by their values of a column, in the order of these. */
export function groupedRows(rows: readonly RunRow[], key: string | undefined): readonly RunGroup[] {
  if (key === undefined) return [{ value: undefined, rows }];
  const groups = new Map<SortValue, RunRow[]>();
  for (const row of rows) {
    const value = row.values.get(key);
    groups.set(value, [...(groups.get(value) ?? []), row]);
  }
  const all = Array.from(groups, ([value, members]) => ({ value, rows: members }));
  return sortedBy(all, ({ value }) => value, false);
}

/** The mean of a group in a column; of the finite numbers. */
export function meanIn(key: string, rows: readonly RunRow[]): number | undefined {
  const numbers = finiteIn(key, rows);
  return numbers.length > 0 ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : undefined;
}
