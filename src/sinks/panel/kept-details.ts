import type { DetailSource, Slices, Work } from '../../page/client/index.js';
import { DetailRecorder, detailHistories, type Histories, isShown } from '../../page/history/index.js';
import type { KeptRecords } from './kept-records.js';

/** What the records that were kept say of some steps. They are the first that came: of later ones nothing more is known. */
export function keptDetails(histories: Histories, kept: KeptRecords, slices: Slices): DetailSource {
  return {
    async ask({ series, tables, names, ...range }, signal) {
      const into = detailHistories();
      const runs = [...new Set([...series, ...tables])].flatMap((name) => histories.runs.get(name) ?? []);
      const recorders = new Map(runs.map((run) => [run.name, new DetailRecorder(run, range, { into, names })]));
      await slices.run(recording(kept, recorders, signal));
      signal.throwIfAborted();
      return into;
    },
    async names(run) {
      const { parameters = [], layers = [] } = histories.runs.get(run)?.rows.value ?? {};
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
