import { RUNS_KEPT } from './histories.js';
import type { StepRange } from './step-buckets.js';

/** What is asked of some steps that are looked at closer. */
export interface DetailRequest extends StepRange {
  /** Runs whose series are wanted. */
  readonly series: readonly string[];
  /** Runs whose tables are wanted: the parameters, or layers, that a page shows. */
  readonly tables: readonly string[];
  /** Parameters and layers that are wanted of the runs of `tables` instead, by their names, in any size of model. */
  readonly names: readonly string[];
}

/** Parameters and layers that are asked for at once at most. */
export const MOST_NAMES = 64;
const MOST_STEP = Number.MAX_SAFE_INTEGER;

export function writeDetailRequest({ from, to, series, tables, names }: DetailRequest): string {
  return new URLSearchParams([
    ['from', String(from)],
    ['to', String(to)],
    ...series.map((run) => ['series', run]),
    ...tables.map((run) => ['tables', run]),
    ...names.map((name) => ['name', name]),
  ]).toString();
}

/** @throws TypeError that says what is wrong. */
export function readDetailRequest(said: URLSearchParams): DetailRequest {
  const [from, to] = [stepIn(said, 'from'), stepIn(said, 'to')];
  if (from > to) throw new TypeError(`to: expected ${from} or a later step, got ${to}`);
  return {
    from,
    to,
    series: listIn(said, 'series', RUNS_KEPT),
    tables: listIn(said, 'tables', RUNS_KEPT),
    names: listIn(said, 'name', MOST_NAMES),
  };
}

function stepIn(said: URLSearchParams, key: string): number {
  const text = said.get(key) ?? '';
  if (/^\d{1,16}$/.test(text) && Number(text) <= MOST_STEP) return Number(text);
  throw new TypeError(`${key}: expected a step, got ${JSON.stringify(text)}`);
}

function listIn(said: URLSearchParams, key: string, most: number): readonly string[] {
  const all = said.getAll(key);
  if (all.length <= most) return all;
  throw new TypeError(`${key}: expected ${most} at most, got ${all.length}`);
}
