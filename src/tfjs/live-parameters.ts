import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { StepSums } from '../parameters/kernels/kernel.js';
import type { Comparison, Measure, Statistic } from '../parameters/statistics.js';
import type { MaybePromise, Snapshot, StepParameters } from '../parameters/step-parameters.js';
import { compareOnDevice } from './device-comparison.js';
import { HostComparison } from './host-comparison.js';
import { onDevice } from './on-device.js';
import { KeptSnapshot, SharedValues } from './snapshot.js';

/** A parameter of a step, as a source gives it. */
export interface LiveParameter {
  readonly name: string;
  readonly variable: Variable;
  /** Missing where no gradient reached it. */
  readonly gradient?: Tensor;
}

export interface LiveParametersOptions {
  /** Where to compute: `host` reads the values, `device` reads one small tensor of results. Default: by backend. */
  readonly path?: 'host' | 'device';
}

/** What an optimizer found while it updated, by the names of the variables. */
export type SumsByVariable = ReadonlyMap<string, StepSums>;

/** The handle on the parameters of one step, which the source takes through the step's moments. */
export interface LiveParameters extends StepParameters {
  /**
   * The optimizer has updated the parameters: a snapshot taken from now on is of the new values. What the optimizer
   * measured itself (`sums`) is not measured again.
   */
  advance(sums?: SumsByVariable): void;
  /** The last event that carries the handle has been delivered. */
  release(): void;
}

/**
 * The parameters of one step. One object serves `pre-optimizer-step` and, after `advance()`, `optimizer-step`; then the
 * source calls `release()`, and whoever still uses it is told so.
 */
export function createStepParameters(
  parameters: readonly LiveParameter[],
  options: LiveParametersOptions = {},
): LiveParameters {
  return new Live(parameters, options.path ?? (onDevice() ? 'device' : 'host'));
}

class Live implements LiveParameters {
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
  #shared: SharedValues | undefined;
  /** What has been measured in this moment, by the values it was compared with. */
  #comparisons = new Map<SharedValues, HostComparison>();
  /** The values that the update began with, and what the optimizer found of them. */
  #measured: { readonly before: SharedValues; readonly sums: SumsByVariable } | undefined;
  #released = false;

  constructor(
    private readonly parameters: readonly LiveParameter[],
    private readonly path: 'host' | 'device',
  ) {
    this.names = parameters.map(({ name }) => name);
    this.shapes = parameters.map(({ variable }) => variable.shape);
    this.sizes = parameters.map(({ variable }) => variable.size);
  }

  snapshot(): Snapshot {
    this.#checkLive('snapshot()');
    this.#shared ??= new SharedValues(this.parameters).hold();
    return new KeptSnapshot(this.names, this.#shared);
  }

  compare<S extends Statistic>(before: Snapshot, measure: Measure<S>): MaybePromise<Comparison<S>> {
    this.#checkLive('compare()');
    if (!(before instanceof KeptSnapshot))
      throw new TypeError('before: expected what snapshot() returned, got something else');
    if (this.path === 'device') return compareOnDevice(this.parameters, before.values, measure);
    let comparison = this.#comparisons.get(before.values);
    if (!comparison) {
      const sums = this.#measured?.before === before.values ? this.#measured.sums : undefined;
      comparison = new HostComparison(this.parameters, before.values, sums);
      this.#comparisons.set(before.values, comparison);
    }
    return comparison.measure(measure);
  }

  advance(sums?: SumsByVariable): void {
    this.#measured = this.#shared && sums && { before: this.#shared, sums };
    this.#endMoment();
  }

  release(): void {
    this.#endMoment();
    this.#released = true;
  }

  #endMoment(): void {
    this.#shared?.letGo();
    this.#shared = undefined;
    this.#comparisons = new Map();
  }

  #checkLive(use: string): void {
    if (!this.#released) return;
    throw new Error(
      `parameters: expected ${use} while the event is delivered, got it later; take a snapshot() in the event and keep that`,
    );
  }
}
