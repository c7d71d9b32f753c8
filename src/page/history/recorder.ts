import { isTrainingEvent, missingField } from '../../events/index.js';
import { Histories, RUNS_KEPT } from './histories.js';
import type { RunHistory } from './run-history.js';
import { type KeepsMore, RunRecorder, type ShownRecord } from './run-recorder.js';

/** An event or a measurement, as streams and recorded runs have them. */
export interface AnyRecord {
  readonly type: string;
}

/** Puts the records of any number of runs into their histories. */
export class Recorder {
  readonly histories = new Histories();
  /** By the run's own name: what takes its records now. */
  readonly #recorders = new Map<string, RunRecorder>();
  /** Records of runs that found no room. */
  omittedRecords = 0;

  /** `more`: makes what keeps more of each run, by the name of its history. */
  constructor(private readonly more?: (name: string) => KeepsMore) {}

  /** Take a record; those that a page does not show are passed over. Whose history it is in. */
  take(record: AnyRecord): RunHistory | undefined {
    if (!isShown(record)) return undefined;
    const recorder = this.#recorderOf(record);
    if (recorder) recorder.take(record, this.histories.nextVersion());
    else this.omittedRecords++;
    return recorder?.history;
  }

  /** Count something of a run that was left out before it came here. */
  omit(run: string, what: string, count = 1): void {
    this.#recorders.get(run)?.omit(what, this.histories.nextVersion(), count);
  }

  #recorderOf(record: ShownRecord): RunRecorder | undefined {
    const existing = this.#recorders.get(record.run);
    const again =
      existing && record.type === 'train-begin' && record.step === 0 && existing.history.state.value.step > 0;
    if (existing && !again) return existing;
    if (this.histories.runs.size >= RUNS_KEPT) return undefined;
    const name = this.#freeName(record.run);
    const recorder = new RunRecorder(this.histories.of(name), { more: this.more?.(name) });
    this.#recorders.set(record.run, recorder);
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
  return (MEASURED.has(record.type) || isTrainingEvent(record)) && isPosition((record as ShownRecord).step);
}

function isPosition(step: number): boolean {
  return Number.isSafeInteger(step) && step >= 0;
}
