import { isTrainingEvent, missingField } from '../../events/index.js';
import { Histories, RUNS_KEPT } from './histories.js';
import type { RunHistory } from './run-history.js';
import { type KeepsMore, RunRecorder } from './run-recorder.js';
import type { ShownRecord } from './shown-record.js';

/** An event or a measurement, as streams and recorded runs have them. */
export interface AnyRecord {
  /** What the record is: an event or a measurement by its `type`; others are passed over. */
  readonly type: string;
}

/** Runs that found no room, counted at most. */
const RUNS_TOLD_APART = 10_000;

/** Puts the records of any number of runs into their histories. */
export class Recorder {
  readonly histories = new Histories();
  /** By the run's own name: what takes its records now. */
  readonly #recorders = new Map<string, RunRecorder>();
  /** Names of runs that found no room, as many as are told apart. */
  readonly #leftOut = new Set<string>();
  /** What was left out of runs that nothing is known of yet. */
  readonly #early = new Map<string, Map<string, number>>();

  /** `more`: makes what keeps more of each run, by the name of its history. */
  constructor(private readonly more?: (name: string) => KeepsMore) {}

  /** Take a record; those that a page does not show are passed over. Whose history it is in. */
  take(record: AnyRecord): RunHistory | undefined {
    if (!isShown(record)) return undefined;
    const recorder = this.#recorderOf(record);
    if (recorder) recorder.take(record, this.histories.nextVersion());
    else this.#leaveOut(record.run);
    return recorder?.history;
  }

  /** By the run's own name: what its records go into now. */
  historyOf(run: string): RunHistory | undefined {
    return this.#recorders.get(run)?.history;
  }

  /** Count something of a run that was left out before it came here. */
  omit(run: string, what: string, count = 1): void {
    const recorder = this.#recorders.get(run);
    if (recorder) recorder.omit(what, this.histories.nextVersion(), count);
    else if (this.histories.runs.size < RUNS_KEPT && this.#early.size < RUNS_TOLD_APART) {
      const counts = this.#early.get(run) ?? new Map<string, number>();
      counts.set(what, (counts.get(what) ?? 0) + count);
      this.#early.set(run, counts);
    }
  }

  /** Count runs that were left out, as there is no room for them. */
  omitRuns(count: number): void {
    const { runs, records } = this.histories.leftOut.value;
    if (count > 0) this.histories.leftOut.set({ runs: runs + count, records }, this.histories.nextVersion());
  }

  #leaveOut(run: string): void {
    const { runs, records } = this.histories.leftOut.value;
    const isNew = this.#leftOut.size < RUNS_TOLD_APART && !this.#leftOut.has(run);
    if (isNew) this.#leftOut.add(run);
    this.histories.leftOut.set({ runs: runs + (isNew ? 1 : 0), records: records + 1 }, this.histories.nextVersion());
  }

  #recorderOf(record: ShownRecord): RunRecorder | undefined {
    const existing = this.#recorders.get(record.run);
    const begins = record.type === 'train-begin' && record.step === 0;
    const isAnother = begins && existing && existing.history.state.value.step > 0 && !existing.hasBegunBy(record);
    if (existing && !isAnother) return existing;
    if (this.histories.runs.size >= RUNS_KEPT) return undefined;
    const name = this.#freeName(record.run);
    const recorder = new RunRecorder(this.histories.of(name, record.time), { more: this.more?.(name) });
    this.#recorders.set(record.run, recorder);
    for (const [what, count] of this.#early.get(record.run) ?? []) {
      recorder.omit(what, this.histories.nextVersion(), count);
    }
    this.#early.delete(record.run);
    return recorder;
  }

  /** A run that begins anew under the same name is another run. */
  #freeName(run: string): string {
    let name = run;
    for (let n = 2; this.histories.runs.has(name); n++) name = `${run} (${n})`;
    return name;
  }
}

const PASSED_OVER: ReadonlySet<string> = new Set([
  'epoch-begin',
  'step-begin',
  'substep-end',
  'pre-optimizer-step',
  'optimizer-step',
]);

/** The measurements that a page shows; what else there is to say of the updates it finds out itself. */
const MEASURED: ReadonlySet<string> = new Set(['parameter-updates', 'parameter-values', 'activations']);

/** Whether the page shows records like this one. */
export function isShown(record: AnyRecord): record is ShownRecord {
  if (PASSED_OVER.has(record.type) || missingField(record) !== undefined) return false;
  const known = record.type === 'resumed' || MEASURED.has(record.type) || isTrainingEvent(record);
  return known && isPosition((record as ShownRecord).step);
}

function isPosition(step: number): boolean {
  return Number.isSafeInteger(step) && step >= 0;
}
