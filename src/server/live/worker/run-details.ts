import {
  type Changes,
  DetailRecorder,
  type DetailRequest,
  type FinerHistories,
  type Histories,
  isShown,
  type PackedHistograms,
  type RunChanges,
  type RunHistory,
  type StepRange,
} from '../../../page/index.js';
import { readStretches } from '../../../records/index.js';
import type { RunFiles } from './run-files.js';

/** Bytes of files that are read for one answer at most: a second or so. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What there is of some steps, closer than the histories have it: from memory, or read again from the runs' files. */
export class RunDetails {
  constructor(
    private readonly histories: Histories,
    private readonly finer: FinerHistories,
    private readonly files: RunFiles,
    private readonly mostBytes = MOST_BYTES,
  ) {}

  /** As changes from nothing. Runs that are not known are left out. */
  async answer(request: DetailRequest, signal: AbortSignal): Promise<Changes> {
    const runs: RunChanges[] = [];
    for (const name of new Set([...request.tables, ...request.series])) {
      if (signal.aborted) break;
      if (this.histories.runs.has(name)) runs.push(await this.#detailOf(name, request, signal));
    }
    return { v: 1, from: 0, to: 1, runs, tables: request.tables };
  }

  /** All parameters and layers of a run, by their names. */
  namesOf(run: string): { readonly parameters: readonly string[]; readonly layers: readonly string[] } {
    return this.finer.get(run)?.names ?? { parameters: [], layers: [] };
  }

  async #detailOf(name: string, request: DetailRequest, signal: AbortSignal): Promise<RunChanges> {
    const wants: Wants = {
      ...request,
      series: request.series.includes(name),
      tables: request.tables.includes(name),
    };
    const kept = this.#inMemory(name, wants);
    if (this.#isWhole(name, wants)) return kept;
    const read = await this.#inFile(name, wants, signal);
    // Of series of which memory has every value, it also knows what came before the range.
    const series = read && wants.series && !this.finer.get(name)?.hasEveryValue ? read.series : kept.series;
    return { ...kept, ...read, series };
  }

  /** Whether memory has all that is wanted, step by step. Of names it has no more histograms than a page. */
  #isWhole(name: string, { series, tables, names }: Wants): boolean {
    const finer = this.finer.get(name);
    return (
      (!series || finer?.hasEveryValue === true) && (!tables || (finer?.hasEveryRow === true && names.length === 0))
    );
  }

  #inMemory(name: string, { series, tables, names, ...range }: Wants): RunChanges {
    const run = this.histories.of(name);
    const finer = this.finer.of(name);
    const step = Math.min(range.to, run.state.value.step);
    return {
      name,
      state: { ...run.state.value, step },
      series: series ? finer.seriesIn(range) : [],
      ...(tables && names.length > 0 && { ...finer.namedIn(range, names), ...namedHistograms(run, names, range) }),
      ...(tables && names.length === 0 && { rows: run.rows.value, ...finer.tablesIn(range, run.rows.value) }),
    };
  }

  async #inFile(name: string, wants: Wants, signal: AbortSignal): Promise<RunChanges | undefined> {
    const run = this.histories.of(name);
    // What a file says of later steps is of an attempt that was given up.
    const to = Math.min(wants.to, run.state.value.step);
    const found = this.files.find(name, wants.from, to);
    const bytes = found?.stretches.reduce((sum, { begin, end }) => sum + end - begin, 0) ?? 0;
    if (!found || bytes === 0 || bytes > this.mostBytes) return undefined;
    const recorder = new DetailRecorder(run, { from: wants.from, to }, { names: wants.names });
    for await (const record of readStretches(found.file, found.stretches, { signal })) {
      if (record.run === found.run && isShown(record)) recorder.take(record);
    }
    const read = recorder.histories.changesSince(0).runs[0];
    return read?.state && wantedOf(read, wants);
  }
}

interface Wants extends StepRange {
  readonly series: boolean;
  readonly tables: boolean;
  readonly names: readonly string[];
}

function wantedOf({ name, series, rows, parameters, layers, histograms }: RunChanges, wants: Wants): RunChanges {
  return {
    name,
    series,
    ...(wants.tables && rows && { rows }),
    ...(wants.tables && parameters && { parameters }),
    ...(wants.tables && layers && { layers }),
    ...(wants.names.length > 0 && histograms && { histograms }),
  };
}

/** Of those moments of the run that are in the range. */
function namedHistograms(run: RunHistory, names: readonly string[], { from, to }: StepRange): Partial<RunChanges> {
  const rows = names.flatMap((name) => run.rows.value.parameters.indexOf(name)).filter((row) => row >= 0);
  const all = run.histograms.changesSince(0);
  if (!all || rows.length < names.length || run.rows.value.byLayer) return {};
  const buckets = all.buckets
    .filter(([, { step }]) => step >= from && step <= to)
    .map(([start, moment]) => [start, pickRows(moment, rows)] as const);
  return {
    histograms: { width: all.width, buckets, ...(all.latest && { latest: pickRows(all.latest, rows) }) },
  };
}

function pickRows({ step, histograms }: PackedHistograms, rows: readonly number[]): PackedHistograms {
  const picked = Object.entries(histograms).map(([subject, list]) => [subject, rows.map((row) => list[row]!)]);
  return { step, histograms: Object.fromEntries(picked) };
}
