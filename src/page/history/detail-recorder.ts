import { Histories } from './histories.js';
import { DETAIL_LIMITS } from './history-limits.js';
import { namedRows } from './named-rows.js';
import type { RunHistory } from './run-history.js';
import { RunRecorder } from './run-recorder.js';
import type { ShownRecord } from './shown-record.js';
import { isWithin, type StepRange } from './step-buckets.js';

/** Histories for steps that are looked at closer. */
export function detailHistories(): Histories {
  return new Histories(DETAIL_LIMITS);
}

export interface DetailRecorderOptions {
  readonly into?: Histories;
  /** Parameters and layers to record instead of those that a page shows. */
  readonly names?: readonly string[];
}

/** Records some steps of a run, closer than its whole history has them; rows have the places that they have there. */
export class DetailRecorder {
  readonly histories: Histories;
  readonly #recorder: RunRecorder;
  readonly #named: ReturnType<typeof namedRows> | undefined;

  constructor(
    { name, rows }: RunHistory,
    private readonly range: StepRange,
    { into = detailHistories(), names = [] }: DetailRecorderOptions = {},
  ) {
    this.histories = into;
    this.#named = names.length > 0 ? namedRows(names) : undefined;
    this.#recorder = new RunRecorder(into.of(name), { rows: this.#named ? undefined : rows.value, range });
  }

  /** Take a record of the run. Those of other steps say no more than where it went back. */
  take(record: ShownRecord): void {
    const isNamed = record.type === 'parameter-updates' && isWithin(record.step, this.range);
    const recorded = this.#named && isNamed ? this.#named(record) : record;
    this.#recorder.take(recorded, this.histories.nextVersion());
  }
}
