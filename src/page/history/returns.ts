import type { EventOf } from '../../events/index.js';
import type { AnyParameterUpdates } from '../../parameters/index.js';
import type { RunState } from './run-history.js';
import type { ShownRecord } from './shown-record.js';

/** A run goes on after a step: what it has said of later ones is superseded. */
export interface Return {
  readonly step: number;
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Whether it is shown as a mark. */
  readonly marked: boolean;
  /** What was measured of the step that comes anew before it was known to. */
  readonly again?: AnyParameterUpdates | undefined;
}

/** At which step something was said, and when: milliseconds since 1970. */
interface Told {
  readonly step: number;
  readonly time: number;
}

/**
 * Sees a run go back, or go on after a pause. Said in as many words: a file says `resumed`, a training begins at a step,
 * a rollback was done. Else by the ends of steps, which a loop publishes in their order; and where only updates are
 * recorded, by those. Other measurements may come late, and say nothing of it; nor does a record that is older than the last
 * one of its kind: it was overtaken on its way, or comes once more.
 */
export class Returns {
  #lastEnd: Told | undefined;
  #lastUpdates: Told | undefined;
  #lastBegin: Told | undefined;
  /** Measured of a step before the last: late, or of one that comes anew and has not ended yet. */
  #early: AnyParameterUpdates | undefined;
  #lastType = '';

  /** What a record says of that, before it is taken. */
  of(record: ShownRecord, state: RunState): Return | undefined {
    const found = this.#find(record, state);
    const { type, step, time } = record;
    if (found) {
      // What goes on after that may be told by another machine's clock.
      this.#lastEnd = this.#lastEnd && { step: Math.min(this.#lastEnd.step, found.step), time: -Infinity };
      this.#lastUpdates = undefined;
    }
    if (type === 'train-begin') this.#lastBegin = { step, time };
    if (type === 'step-end' && !isOvertaken(record, this.#lastEnd)) {
      this.#lastEnd = { step, time };
      this.#early = undefined;
    }
    if (type === 'parameter-updates') {
      this.#early = step < (this.#lastEnd?.step ?? 0) ? record : undefined;
      if (!isOvertaken(record, this.#lastUpdates)) this.#lastUpdates = { step, time };
    }
    this.#lastType = type;
    return found;
  }

  /** Whether it is the beginning of the training that goes on, or is over, told once more. */
  isAgain({ type, step, time }: Told & { readonly type: string }, state: RunState): boolean {
    const last = this.#lastBegin;
    return type === 'train-begin' && step === last?.step && time === last.time && time < state.time;
  }

  #find(record: ShownRecord, state: RunState): Return | undefined {
    const { type, step, epoch, time } = record;
    const begins = { step, epoch, time };
    switch (type) {
      case 'resumed':
        return { ...begins, marked: true };
      case 'train-begin':
        if (step === 0 && state.step === 0) return undefined;
        return { ...begins, marked: this.#lastType !== 'resumed' && (step < state.step || !isWhole(state)) };
      case 'control':
        return isRollback(record) && step < state.step ? { ...begins, marked: true } : undefined;
      case 'step-end':
        return this.#endedAgain(record);
      case 'parameter-updates':
        return this.#measuredAgain(record);
      default:
        return undefined;
    }
  }

  #endedAgain(record: EventOf<'step-end'>): Return | undefined {
    const { step } = record;
    if (step >= (this.#lastEnd?.step ?? 0) || isOvertaken(record, this.#lastEnd)) return undefined;
    return { ...this.#before(record), again: this.#early?.step === step ? this.#early : undefined };
  }

  #measuredAgain(record: AnyParameterUpdates): Return | undefined {
    if (this.#lastEnd || record.step >= (this.#lastUpdates?.step ?? 0)) return undefined;
    if (isOvertaken(record, this.#lastUpdates)) return undefined;
    return this.#before(record);
  }

  /** The end of the step before one that is over. */
  #before({
    step,
    time,
    ...rest
  }: {
    readonly step: number;
    readonly time: number;
    readonly durationMs?: number;
  }): Return {
    return { step: Math.max(0, step - 1), epoch: Number.NaN, time: time - (rest.durationMs ?? 0), marked: true };
  }
}

function isRollback({ command, refused }: EventOf<'control'>): boolean {
  return command.kind === 'rollback' && !refused;
}

/** Whether it is of a step before the last one, and older too: what a run that went back says is newer. */
function isOvertaken({ step, time }: Told, last: Told | undefined): boolean {
  return last !== undefined && step < last.step && time < last.time;
}

/** One that has ended as planned may go on, as another call of `fit` does: that is not to be resumed. */
function isWhole({ phase, end }: RunState): boolean {
  return phase === 'finished' && (end === undefined || end.status === 'completed');
}
