import type { HeldValues, ParameterSource } from './parameter-source.js';
import type { Comparison, Measure, Statistic } from './statistics.js';
import { comparisonOf, partsOf } from './statistics-of-sums.js';
import type { MaybePromise, Snapshot, StepParameters } from './step-parameters.js';
import { joinSums, type SumsPart, scalarPartsIn, type UpdateSums } from './update-sums.js';

/** Sums that are found, or on their way, by the part that they have. */
type FoundSums = Map<SumsPart, MaybePromise<UpdateSums>>;

/**
 * The handle on the parameters of one step, over any source. One object serves `pre-optimizer-step` and, after
 * `advance()`, `optimizer-step`; then its owner calls `release()`, and whoever still uses it is told so.
 *
 * Values are held once a moment, and sums are found once a pair of moments, for all who ask. Nothing of it leads to the
 * parameters themselves.
 */
export class LiveParameters<Known = never> implements StepParameters {
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
  readonly ids: readonly (string | number)[];
  /** What events carry: it measures, and whoever has it can neither change it nor end it for others. */
  readonly handle: StepParameters;
  readonly #source: ParameterSource<Known>;
  #shared: SharedValues | undefined;
  /** What has been found in this moment, by the values it was compared with. */
  #found = new Map<SharedValues, FoundSums>();
  /** The values that the update began with, and what the optimizer found of them. */
  #measured: { readonly before: SharedValues; readonly known: Known } | undefined;
  #released = false;

  constructor(source: ParameterSource<Known>) {
    this.#source = source;
    const { names, shapes, sizes, ids } = source;
    this.names = Object.freeze(names);
    this.shapes = Object.freeze(shapes);
    this.sizes = Object.freeze(sizes);
    this.ids = Object.freeze(ids);
    this.handle = Object.freeze({
      names,
      shapes,
      sizes,
      ids,
      snapshot: () => this.snapshot(),
      compare: <S extends Statistic>(before: Snapshot, measure: Measure<S>) => this.compare(before, measure),
    });
  }

  snapshot(): Snapshot {
    this.#checkLive('snapshot()');
    this.#shared ??= new SharedValues(this.#source.hold()).hold();
    return new KeptSnapshot(this.names, this.#shared);
  }

  compare<S extends Statistic>(before: Snapshot, measure: Measure<S>): MaybePromise<Comparison<S>> {
    this.#checkLive('compare()');
    const sums = this.#sums(KeptSnapshot.valuesOf(before), partsOf(measure), measure.atOnce === true);
    return sums instanceof Promise ? sums.then((found) => comparisonOf(found, measure)) : comparisonOf(sums, measure);
  }

  /**
   * The optimizer has updated the parameters: a snapshot taken from now on is of the new values. What the optimizer
   * measured itself (`known`) is not measured again.
   */
  advance(known?: Known): void {
    this.#measured = this.#shared && known !== undefined ? { before: this.#shared, known } : undefined;
    this.#endMoment();
  }

  /** The last event that carries the handle has been delivered. */
  release(): void {
    this.#endMoment();
    this.#released = true;
  }

  /** The parts that have not been found yet are found together. */
  #sums(before: SharedValues, parts: readonly SumsPart[], atOnce: boolean): MaybePromise<UpdateSums> {
    const found = this.#foundSince(before);
    const missing = parts.filter((part) => !found.has(part) || (atOnce && found.get(part) instanceof Promise));
    // Where nothing is asked for, sizes are what is left to say.
    if (missing.length > 0 || parts.length === 0) {
      const known = this.#measured?.before === before ? this.#measured.known : undefined;
      const sums = this.#source.sums(before.values, missing, known, atOnce);
      // What came with the sums need not be asked for later.
      const given = sums instanceof Promise ? missing : new Set([...missing, ...scalarPartsIn(sums)]);
      for (const part of given) if (!found.has(part) || atOnce) found.set(part, sums);
      if (missing.length === parts.length) return sums;
    }
    const list = [...new Set(parts.map((part) => found.get(part)!))];
    return list.some((sums) => sums instanceof Promise)
      ? Promise.all(list).then(joinSums)
      : joinSums(list as UpdateSums[]);
  }

  #foundSince(before: SharedValues): FoundSums {
    const found = this.#found.get(before) ?? new Map();
    this.#found.set(before, found);
    return found;
  }

  #endMoment(): void {
    this.#shared?.letGo();
    this.#shared = undefined;
    this.#found = new Map();
  }

  #checkLive(use: string): void {
    if (!this.#released) return;
    throw new Error(
      `parameters: expected ${use} while the event is delivered, got it later; take a snapshot() in the event and keep that`,
    );
  }
}

/** The values of one moment, shared by every snapshot of it, disposed with the last. */
class SharedValues {
  #holders = 0;

  constructor(readonly values: HeldValues) {}

  hold(): this {
    this.#holders++;
    return this;
  }

  letGo(): void {
    if (--this.#holders === 0) this.values.dispose();
  }
}

/** One holder's snapshot. */
class KeptSnapshot implements Snapshot {
  readonly #shared: SharedValues;
  #disposed = false;

  constructor(
    readonly names: readonly string[],
    shared: SharedValues,
  ) {
    this.#shared = shared.hold();
  }

  /** @throws TypeError for a snapshot of something else, Error for one that has been disposed. */
  static valuesOf(snapshot: Snapshot): SharedValues {
    if (!(#shared in snapshot)) throw new TypeError('before: expected what snapshot() returned, got something else');
    if (snapshot.#disposed)
      throw new Error('snapshot: expected one that is held, got one that was disposed; compare before dispose()');
    return snapshot.#shared;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#shared.letGo();
  }
}
