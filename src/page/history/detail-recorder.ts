import { Histories } from './histories.js';
import { DETAIL_LIMITS } from './history-limits.js';
import type { Rows } from './run-history.js';
import { RunRecorder, type ShownRecord } from './run-recorder.js';
import type { StepRange } from './step-buckets.js';

/** Records some steps of a run, closer than its whole history has them; rows have the places that they have there. */
export class DetailRecorder {
  readonly histories = new Histories(DETAIL_LIMITS);
  readonly #recorder: RunRecorder;

  constructor(
    run: string,
    private readonly range: StepRange,
    rows?: Rows,
  ) {
    this.#recorder = new RunRecorder(this.histories.of(run), { rows });
  }

  /** Take a record of the run; those of other steps are passed over. */
  take(record: ShownRecord): void {
    const { from, to } = this.range;
    if (record.step >= from && record.step <= to) this.#recorder.take(record, this.histories.nextVersion());
  }
}
