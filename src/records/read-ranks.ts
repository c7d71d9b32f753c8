import { stat } from 'node:fs/promises';
import type { RunRecord } from '../events/index.js';
import type { ParameterSums } from './decoder/index.js';
import { JoinedRanks } from './joined-ranks.js';
import { type LowestFirstOptions, lowestFirst } from './lowest-first.js';
import { isOfRank, type RankFiles } from './rank-files.js';
import { type ReadRecordsOptions, readSent } from './read-records.js';
import { sleep } from './sleep.js';
import { type ReadFileOptions, readContents } from './watched-file.js';

export type ReadRanksOptions = ReadFileOptions & Pick<ReadRecordsOptions, 'pace' | 'onDamaged'>;

/** What a file has is soon read: all wait for it. */
const WHOLE: LowestFirstOptions = { waitMs: Infinity, ahead: -Infinity };
/** What a file has not may never come. */
const GROWING: LowestFirstOptions = { waitMs: 5_000, ahead: 32 };
/** Between two looks for a file that is not there yet. */
const LOOK_AGAIN_MS = 500;

/**
 * The records of a run whose ranks have written a file each. They are read side by side, a block of each at a time; what one
 * has not, nothing waits for, or with `follow` not long.
 */
export async function* readRanks(
  ranks: RankFiles,
  { pace, onDamaged, signal, ...options }: ReadRanksOptions,
): AsyncGenerator<RunRecord> {
  const given = new AbortController();
  const reading = { ...options, signal: AbortSignal.any([signal, given.signal]) };
  const streams = ranks.files.map((_, rank) => ({ rank, records: readRank(rank, ranks, reading, onDamaged) }));
  const { waitMs, ahead } = options.follow ? GROWING : WHOLE;
  const joined = new JoinedRanks(ranks.files.length, waitMs);
  async function* paced(records: readonly RunRecord[]): AsyncGenerator<RunRecord> {
    for (const record of records) {
      const wait = pace.until(record);
      if (wait) await wait;
      if (signal.aborted) return;
      yield record;
    }
  }
  try {
    for await (const arrival of lowestFirst(streams, stepOf, { waitMs, ahead })) {
      yield* paced(joined.take(arrival, performance.now()));
      if (signal.aborted) return;
    }
    yield* paced(joined.rest());
  } finally {
    given.abort();
    await Promise.allSettled(streams.map(({ records }) => records.return(undefined)));
  }
}

async function* readRank(
  rank: number,
  ranks: RankFiles,
  reading: ReadFileOptions,
  onDamaged: ReadRecordsOptions['onDamaged'],
): AsyncGenerator<RunRecord | ParameterSums> {
  const file = ranks.files[rank]!;
  if (!(await isThere(file, reading)) || !(await isOfRank(file, rank, ranks, reading))) return;
  yield* readSent(readContents(file, reading), { file, onDamaged });
}

/** With `follow` it is waited for it: ranks begin one after the other. */
async function isThere(file: string, { follow, signal }: ReadFileOptions): Promise<boolean> {
  for (;;) {
    const there = await stat(file).then(
      (stats) => stats.isFile(),
      () => false,
    );
    if (there || !follow || signal.aborted) return there;
    await sleep(LOOK_AGAIN_MS, signal);
  }
}

/** What is about the stream has none, and is taken at once. */
function stepOf({ step }: { readonly step?: number }): number {
  return step ?? -1;
}
