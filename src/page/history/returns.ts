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

/**
 * Sees a run go back, or go on after a pause. Said in as many words: a file says `resumed`, a training begins at a step,
 * a rollback was done. Else by the ends of steps, which a loop publishes in their order; and where only updates are
 * recorded, by those. Other measurements may come late, and say nothing of it.
 */
export class Returns {
  #lastEnd: number | undefined;
  #lastUpdates: number | undefined;
  /** Measured of a step before the last: late, or of one that comes anew and has not ended yet. */
  #early: AnyParameterUpdates | undefined;
  #lastType = '';

  /** What a record says of that, before it is taken. */
  of(record: ShownRecord, state: RunState): Return | undefined {
    const found = this.#find(record, state);
    const { type, step } = record;
    if (found) {
      this.#lastEnd = this.#lastEnd === undefined ? undefined : Math.min(this.#lastEnd, found.step);
      this.#lastUpdates = undefined;
    }
    if (type === 'step-end') {
      this.#lastEnd = step;
      this.#early = undefined;
    }
    if (type === 'parameter-updates') {
      this.#early = step < (this.#lastEnd ?? 0) ? record : undefined;
      this.#lastUpdates = step;
    }
    this.#lastType = type;
    return found;
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
    if (step >= (this.#lastEnd ?? 0)) return undefined;
    return { ...this.#before(record), again: this.#early?.step === step ? this.#early : undefined };
  }

  #measuredAgain(record: AnyParameterUpdates): Return | undefined {
    if (this.#lastEnd !== undefined || record.step >= (this.#lastUpdates ?? 0)) return undefined;
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

/** One that has ended as planned may go on, as another call of `fit` does: that is not to be resumed. */
function isWhole({ phase, end }: RunState): boolean {
  return phase === 'finished' && (end === undefined || end.status === 'completed');
}
