import type { DetailSource, Slices, Work } from '../../page/client/index.js';
import {
  DetailRecorder,
  type DetailRequest,
  detailHistories,
  type Histories,
  isShown,
} from '../../page/history/index.js';
import type { KeptRecords } from './kept-records.js';
import type { LargeModels } from './large-models.js';

export interface KeptDetailsOptions {
  readonly histories: Histories;
  readonly kept: KeptRecords;
  readonly large: LargeModels;
  readonly slices: Slices;
}

/**
 * What a panel knows of some steps, besides what it shows: of those whose records were kept, which are the first that came,
 * what these say; of later ones, in models that are shown by their layers, what there is of each parameter.
 */
export function keptDetails({ histories, kept, large, slices }: KeptDetailsOptions): DetailSource {
  const isInTable = ({ names, to }: DetailRequest, run: string) =>
    names.length > 0 && large.namesOf(run) !== undefined && !kept.reaches(run, to);
  return {
    async ask(request, signal) {
      const { series, tables, names, ...range } = request;
      const into = detailHistories();
      const asked = [...new Set([...series, ...tables])].filter((name) => histories.runs.has(name));
      const inTable = asked.filter((run) => isInTable(request, run));
      const runs = inTable.flatMap((run) => large.namedIn(run, range, names, histories) ?? []);
      into.apply({ v: 1, from: 0, to: 1, runs });
      const recorders = asked
        .filter((run) => !inTable.includes(run))
        .map((run) => [run, new DetailRecorder(histories.of(run), range, { into, names })] as const);
      if (recorders.length > 0) await slices.run(recording(kept, new Map(recorders), signal));
      signal.throwIfAborted();
      return into;
    },
    async names(run) {
      const { parameters = [], layers = [] } = large.namesOf(run) ?? histories.runs.get(run)?.rows.value ?? {};
      return { parameters, layers };
    },
  };
}

function* recording(kept: KeptRecords, recorders: ReadonlyMap<string, DetailRecorder>, signal: AbortSignal): Work {
  for (const { record, run } of kept.all) {
    if (signal.aborted) return;
    if (isShown(record)) recorders.get(run)?.take(record);
    yield;
  }
}
