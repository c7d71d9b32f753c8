import type { Observable } from 'rxjs';
import type { OptimizerStepEvent, PreOptimizerStepEvent, RunRecord, TrainingEvent } from '../events/index.js';
import type { StepParameters } from '../parameters/index.js';
import type { Schedule } from './schedule.js';

/** Is anything, unless a stream of `T` has no events in it. */
export type HasEvents<T> = [T] extends [never]
  ? unknown
  : [Extract<T, TrainingEvent>] extends [never]
    ? {
        /** No field of any value: the text that the compiler shows where a stream has no events. */
        readonly error: 'expected the events or the records of a run';
      }
    : unknown;

/**
 * An operator on the events of a running loop, or on the records of a run that was recorded; not on measurements alone,
 * which have been measured already.
 */
export type RunOperator<R> = <T extends RunRecord>(source: Observable<T> & HasEvents<T>) => Observable<R>;

const NONE: readonly never[] = [];

/** How many steps may have gone on before a measurement comes, as from a GPU. */
const MAX_WAITING = 64;

/** What is measured of a run's steps. */
type Recorded = Extract<RunRecord, { readonly type: 'parameter-updates' | 'parameter-drift' }>;

/** How far a recorded run has come. */
interface Position {
  /** The epoch before the next update, and before the last: what a schedule is asked with. */
  epoch: number;
  previousEpoch: number;
  /** What the schedule said of the steps whose events are recorded, the last few: measurements may come late. */
  readonly chosen: Map<number, boolean>;
  /** A step that the schedule chose was updated. */
  updated: boolean;
  /** There were measurements. */
  measured: boolean;
  given: number | undefined;
  /** The failure of a step whose measurements so far do not do. */
  refused: { readonly step: number; readonly cause: unknown } | undefined;
}

/** How recorded measurements of one type are taken. */
export interface RecordedOptions<M extends Recorded, R> {
  readonly type: M['type'];
  readonly when: Schedule;
  /** What is asked for of a measurement. @throws where that was not recorded. */
  readonly pick: (measurement: M) => R;
  /** The operator whose result should have been recorded, for the error. */
  readonly operator: string;
}

/**
 * Takes what was measured of a run that was recorded: one measurement a step, of those that a schedule chooses. A run
 * whose events carry parameters is measured by others; what was measured of it besides is left alone.
 */
export class RecordedMeasurements<M extends Recorded, R> {
  readonly #options: RecordedOptions<M, R>;
  readonly #live = new Set<string>();
  readonly #positions = new Map<string, Position>();

  constructor(options: RecordedOptions<M, R>) {
    this.#options = options;
  }

  /** What a record of a recorded run gives; undefined for what is none of its business. */
  take(record: RunRecord): readonly R[] | undefined {
    switch (record.type) {
      case 'pre-optimizer-step':
        return this.#begin(record);
      case 'optimizer-step':
        return this.#update(record);
      case this.#options.type:
        return this.#measured(record as M);
      default:
        return undefined;
    }
  }

  /** @throws TypeError when a run was recorded without its measurements. */
  end(): readonly R[] {
    for (const [run, { updated, measured, refused }] of this.#positions) {
      if (refused) throw refused.cause;
      if (updated && !measured) throw this.#nothingRecorded(run);
    }
    return NONE;
  }

  #begin({ run, step, epoch, parameters }: PreOptimizerStepEvent): readonly R[] | undefined {
    if (parameters as StepParameters | undefined) {
      this.#live.add(run);
      return undefined;
    }
    const position = this.#positionOf(run);
    const { chosen, previousEpoch } = position;
    chosen.set(step + 1, this.#options.when(step + 1, { epoch, previousEpoch }));
    if (chosen.size > MAX_WAITING) chosen.delete(chosen.keys().next().value!);
    return NONE;
  }

  #update({ run, step, epoch, parameters }: OptimizerStepEvent): readonly R[] | undefined {
    if (parameters as StepParameters | undefined) return undefined;
    const position = this.#positionOf(run);
    position.previousEpoch = epoch;
    if (position.chosen.get(step + 1)) position.updated = true;
    // A step that is done again, after a failure or a rollback, has another measurement.
    if (position.given !== undefined && position.given > step) position.given = undefined;
    return NONE;
  }

  #measured(measurement: M): readonly R[] | undefined {
    const { run, step, epoch } = measurement;
    if (this.#live.has(run)) return NONE;
    const position = this.#positionOf(run);
    position.measured = true;
    if (position.refused && position.refused.step !== step) throw position.refused.cause;
    if (position.given === step || !this.#isChosen(position, step, epoch)) return NONE;
    try {
      const picked = this.#options.pick(measurement);
      position.given = step;
      position.refused = undefined;
      return [picked];
    } catch (cause) {
      // The same step may have been measured more than once, and another one may have it.
      position.refused ??= { step, cause };
      return NONE;
    }
  }

  #isChosen(position: Position, step: number, epoch: number): boolean {
    const known = position.chosen.get(step);
    if (known !== undefined) return known;
    // Without events: the epoch before this update is that after the last one.
    const at = { epoch: Math.max(0, position.epoch), previousEpoch: position.previousEpoch };
    const is = this.#options.when(step, at);
    position.previousEpoch = at.epoch;
    position.epoch = epoch;
    return is;
  }

  #positionOf(run: string): Position {
    let position = this.#positions.get(run);
    if (!position) {
      position = {
        epoch: -1,
        previousEpoch: -1,
        chosen: new Map(),
        updated: false,
        measured: false,
        given: undefined,
        refused: undefined,
      };
      this.#positions.set(run, position);
    }
    return position;
  }

  #nothingRecorded(run: string): TypeError {
    const { type, operator } = this.#options;
    return new TypeError(
      `events: expected live parameters, or recorded ${type}; got a recorded run ${JSON.stringify(run)} without either; record merge(events$, events$.pipe(${operator}()))`,
    );
  }
}
