import { type Bucket, StepBuckets } from './step-buckets.js';

/** Where a run was, and when. */
export interface Moment {
  readonly step: number;
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** A step that is known, with the epoch and the time of training at which it was done. */
interface Knot {
  readonly step: number;
  readonly epoch: number;
  /** Milliseconds since the first moment, without pauses. */
  readonly elapsed: number;
}

/** The first knot of some steps. */
interface KnotBucket extends Bucket {
  knot: Knot | undefined;
}

/** Between a step and the one after it, time that was none of the training's. */
interface Pause {
  readonly step: number;
  /** Milliseconds; less than none where the clock was set back. */
  readonly ms: number;
}

type PackedKnot = readonly [step: number, epoch: number, elapsed: number];

export interface ClockChanges {
  readonly width: number;
  readonly from?: number;
  readonly knots: readonly (readonly [start: number, ...knot: PackedKnot])[];
  readonly last: PackedKnot;
  /** The first moment, milliseconds since 1970. */
  readonly origin: number;
  readonly pauses: readonly (readonly [step: number, ms: number])[];
}

/** Knots a clock has at most, besides the last. */
export const CLOCK_KNOTS = 256;

/** Pauses that are told apart at most. */
export const PAUSES_KEPT = 64;

/**
 * The epoch and the time of the steps of a run, and back: exact at the first step of each bucket and at the last step,
 * linear between. Of steps before the first and after the last it says what it says of those.
 *
 * A run that went on after a pause, as a resumed one, has it between two steps: `timeAt` and `stepAtTime` know of it,
 * `elapsedAt` and `stepAtElapsed` leave it out, and with it the time of steps that were superseded.
 */
export class RunClock {
  readonly #buckets = new StepBuckets<KnotBucket>(CLOCK_KNOTS, {
    make: (start) => ({ start, last: start, version: 0, knot: undefined }),
    merge: (into, from) => {
      if (!into.knot) Object.assign(into, { knot: from.knot, last: from.last });
    },
    copy: (bucket) => ({ ...bucket }),
  });
  #last: Knot | undefined;
  #origin = 0;
  #pauses: readonly Pause[] = [];
  #version = 0;

  /** Whether it knows any step. */
  get runs(): boolean {
    return this.#last !== undefined;
  }

  /** Take where the run is. What says the step for the first time tells when it was done. */
  take({ step, epoch, time }: Moment, version: number): void {
    const last = this.#last;
    if (!Number.isFinite(time) || (last && step <= last.step)) return;
    if (!last) this.#origin = time;
    let elapsed = time - this.#origin - this.#pausedBefore(step);
    if (last && elapsed < last.elapsed) {
      this.#pause(last.step, elapsed - last.elapsed);
      elapsed = last.elapsed;
    }
    const knot = { step, epoch: Number.isFinite(epoch) ? epoch : (last?.epoch ?? 0), elapsed };
    this.#last = knot;
    this.#version = version;
    if (this.#buckets.has(step)) return;
    this.#buckets.add(step, version, (bucket) => {
      if (!bucket.knot) Object.assign(bucket, { knot, last: step });
    });
  }

  /** The run goes on after this step, at this time: what it had of later ones is no longer so. */
  goOn({ step, time }: Pick<Moment, 'step' | 'time'>, version: number): void {
    if (!this.#last) return;
    const back = Math.min(step, this.#last.step);
    const knot = { step: back, epoch: this.epochAt(back), elapsed: this.elapsedAt(back) };
    this.#pauses = this.#pauses.filter((pause) => pause.step < back);
    const ms = time - this.timeAt(back);
    if (Number.isFinite(ms) && ms !== 0) this.#pause(back, ms);
    this.#last = knot;
    this.#version = version;
    this.#buckets.cutAfter(back, version);
  }

  epochAt(step: number): number {
    return this.#at(step, 'step', 'epoch');
  }

  /** Milliseconds of training from the first moment to this step. */
  elapsedAt(step: number): number {
    return this.#at(step, 'step', 'elapsed');
  }

  /** Milliseconds since 1970. */
  timeAt(step: number): number {
    const known = Math.min(step, this.#last?.step ?? step);
    return this.#origin + this.elapsedAt(known) + this.#pausedBefore(known);
  }

  stepAtEpoch(epoch: number): number {
    return this.#at(epoch, 'epoch', 'step');
  }

  stepAtElapsed(elapsed: number): number {
    return this.#at(elapsed, 'elapsed', 'step');
  }

  /** During a pause it is the step before it. */
  stepAtTime(time: number): number {
    let paused = 0;
    for (const { step, ms } of this.#pauses) {
      const begin = this.#origin + this.elapsedAt(step) + paused;
      if (time <= begin) break;
      if (time < begin + ms) return step;
      paused += ms;
    }
    return this.stepAtElapsed(time - this.#origin - paused);
  }

  changesSince(version: number): ClockChanges | undefined {
    if (this.#version <= version || !this.#last) return undefined;
    const { buckets = [], ...changed } = this.#buckets.changesSince(version) ?? { width: this.#buckets.width };
    return {
      ...changed,
      knots: buckets.map(({ start, knot }) => [start, ...pack(knot!)]),
      last: pack(this.#last),
      origin: this.#origin,
      pauses: this.#pauses.map(({ step, ms }) => [step, ms]),
    };
  }

  apply({ knots, last, origin, pauses, ...changed }: ClockChanges): void {
    const buckets = knots.map(([start, ...knot]) => ({ start, last: knot[0], version: 0, knot: unpack(knot) }));
    this.#buckets.follow({ ...changed, buckets });
    this.#last = unpack(last);
    this.#origin = origin;
    this.#pauses = pauses.map(([step, ms]) => ({ step, ms }));
  }

  #pausedBefore(step: number): number {
    return this.#pauses.reduce((sum, pause) => (pause.step < step ? sum + pause.ms : sum), 0);
  }

  /** Pauses come in the order of their steps. Of too many, the two first become one. */
  #pause(step: number, ms: number): void {
    const pauses = [...this.#pauses, { step, ms }];
    const [first, second, ...others] = pauses;
    this.#pauses =
      pauses.length > PAUSES_KEPT ? [{ step: first!.step, ms: first!.ms + second!.ms }, ...others] : pauses;
  }

  /** Where one of a knot's numbers has a value, the other. */
  #at(value: number, of: keyof Knot, other: keyof Knot): number {
    const last = this.#last;
    if (!last) return Number.NaN;
    const all = this.#buckets.all;
    const knot = (i: number) => all[i]?.knot ?? last;
    let low = 0;
    let high = all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (knot(middle)[of] < value) low = middle + 1;
      else high = middle;
    }
    const after = knot(low);
    if (low === 0 || value >= last[of]) return (low === 0 ? after : last)[other];
    const before = knot(low - 1);
    const span = after[of] - before[of];
    const share = span > 0 ? (value - before[of]) / span : 1;
    return before[other] + share * (after[other] - before[other]);
  }
}

function pack({ step, epoch, elapsed }: Knot): PackedKnot {
  return [step, epoch, elapsed];
}

function unpack([step, epoch, elapsed]: PackedKnot): Knot {
  return { step, epoch, elapsed };
}
