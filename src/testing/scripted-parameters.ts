import { checkOptions } from '../events/index.js';
import {
  arrayParameters,
  type Comparison,
  LiveParameters,
  type MaybePromise,
  type Measure,
  type ParameterSource,
  type Snapshot,
  type Statistic,
  type StepParameters,
} from '../parameters/index.js';

/** The values of parameters, by name. */
export type ScriptedValues = Readonly<Record<string, readonly number[]>>;

/** Counts the snapshots of scripted parameters: `live` is 0 again when all have been disposed. */
export interface SnapshotLedger {
  /** Snapshots that were taken. */
  taken: number;
  /** Those of them that are not disposed yet. */
  live: number;
}

/** Options of {@link scriptedParameters}: what its steps have besides values. */
export interface ScriptedParametersOptions {
  /** Counts the snapshots that are taken. */
  readonly ledger?: SnapshotLedger;
  /** Gradients by name, for `gradientNorm`. Default: none, so that it is 0. */
  readonly gradients?: ScriptedValues;
  /** Gives a comparison later, as a GPU does, or fails. Default: at once. */
  readonly delay?: (comparison: Comparison<Statistic>) => MaybePromise<Comparison<Statistic>>;
}

/**
 * The live parameters of a step, made of plain numbers: no tensors, no backend. Every statistic is computed as in a real
 * run, in float64.
 *
 * @example
 * ```ts
 * import { scriptedParameters } from 'trainscope/testing';
 *
 * const before = scriptedParameters({ w: [3, 4] }).snapshot();
 * const comparison = scriptedParameters({ w: [3, 5] }).compare(before, { statistics: ['updateNorm'] });
 * ```
 */
export function scriptedParameters(values: ScriptedValues, options: ScriptedParametersOptions = {}): StepParameters {
  checkOptions('scriptedParameters', options, { ledger: true, gradients: true, delay: true });
  const { ledger = { taken: 0, live: 0 }, gradients, delay } = options;
  return new ScriptedParameters(arrayParameters(values, { gradients }), ledger, delay);
}

class ScriptedParameters extends LiveParameters {
  readonly #ledger: SnapshotLedger;
  readonly #delay: ScriptedParametersOptions['delay'];

  constructor(source: ParameterSource, ledger: SnapshotLedger, delay: ScriptedParametersOptions['delay']) {
    super(source);
    this.#ledger = ledger;
    this.#delay = delay;
  }

  override snapshot(): Snapshot {
    const snapshot = super.snapshot();
    const ledger = this.#ledger;
    ledger.taken++;
    ledger.live++;
    let live = true;
    const dispose = snapshot.dispose.bind(snapshot);
    snapshot.dispose = () => {
      if (live) ledger.live--;
      live = false;
      dispose();
    };
    return snapshot;
  }

  override compare<S extends Statistic>(before: Snapshot, measure: Measure<S>): MaybePromise<Comparison<S>> {
    const comparison = super.compare(before, measure) as Comparison<S>;
    const delay = this.#delay as ((found: unknown) => MaybePromise<Comparison<S>>) | undefined;
    return delay ? delay(comparison) : comparison;
  }
}
