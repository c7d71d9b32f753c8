import type { UpdateSums, Values } from '../parameters/kernels/kernel.js';
import { histogram, type Moments, moments } from '../parameters/kernels/on-request.js';
import { scalarKernel } from '../parameters/kernels/scalar-kernel.js';
import type { Comparison, HistogramSubject, MagnitudeHistogram, Measure, Statistic } from '../parameters/statistics.js';
import type { MaybePromise, Snapshot, StepParameters } from '../parameters/step-parameters.js';
import { ratio } from '../tfjs/comparable.js';

/** The values of parameters, by name. */
export type ScriptedValues = Readonly<Record<string, readonly number[]>>;

/** Counts the snapshots of scripted parameters: `live` is 0 again when all have been disposed. */
export interface SnapshotLedger {
  taken: number;
  live: number;
}

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
export function scriptedParameters(
  values: ScriptedValues,
  { ledger = { taken: 0, live: 0 }, gradients = {}, delay }: ScriptedParametersOptions = {},
): StepParameters {
  const sizes = Object.values(values).map((list) => list.length);
  return {
    names: Object.keys(values),
    shapes: sizes.map((size) => [size]),
    sizes,
    snapshot: () => new ScriptedSnapshot(values, ledger),
    compare<S extends Statistic>(before: Snapshot, measure: Measure<S>) {
      if (!(before instanceof ScriptedSnapshot))
        throw new TypeError('before: expected what snapshot() returned, got something else');
      const comparison = compareValues(before.values, values, gradients, measure);
      return (delay ? delay(comparison) : comparison) as MaybePromise<Comparison<S>>;
    },
  };
}

class ScriptedSnapshot implements Snapshot {
  #disposed = false;

  constructor(
    readonly values: ScriptedValues,
    private readonly ledger: SnapshotLedger,
  ) {
    ledger.taken++;
    ledger.live++;
  }

  get names(): readonly string[] {
    return Object.keys(this.values);
  }

  dispose(): void {
    if (!this.#disposed) this.ledger.live--;
    this.#disposed = true;
  }
}

/** What is known of one parameter in one update. */
interface Change extends UpdateSums, Moments {
  readonly size: number;
}

const FORMULAS: Readonly<Record<Exclude<Statistic, 'gradientNorm'>, (change: Change) => number>> = {
  updateNorm: ({ updateSquares }) => Math.sqrt(updateSquares),
  weightNorm: ({ weightSquares }) => Math.sqrt(weightSquares),
  updateRatio: ({ updateSquares, weightSquares }) => ratio(Math.sqrt(updateSquares), Math.sqrt(weightSquares)),
  maxAbsUpdate: ({ maxAbsUpdate }) => maxAbsUpdate,
  unchanged: ({ unchanged, size }) => (size === 0 ? 1 : unchanged / size),
  nonFinite: ({ nonFinite }) => nonFinite,
  meanAbsRatio: ({ updateAbs, weightAbs }) => ratio(updateAbs, weightAbs),
  stdRatio: ({ updateDeviation, weightDeviation }) => ratio(Math.sqrt(updateDeviation), Math.sqrt(weightDeviation)),
};

/** The kernels only index and count: plain arrays, in float64, will do. */
const indexed = (list: readonly number[] | undefined): Values => (list ?? []) as unknown as Values;

function compareValues(
  before: ScriptedValues,
  after: ScriptedValues,
  gradients: ScriptedValues,
  { statistics, histograms = [] }: Measure,
): Comparison<Statistic> {
  const names = Object.keys(after);
  const measured = (statistic: Statistic, name: string): number => {
    if (statistic === 'gradientNorm') return Math.sqrt(scalarKernel.squares(indexed(gradients[name])));
    const old = before[name];
    const now = after[name]!;
    if (old?.length !== now.length) return Number.NaN;
    const [w, v] = [indexed(old), indexed(now)];
    return FORMULAS[statistic]({ ...scalarKernel.update(w, v), ...moments(w, v), size: now.length });
  };
  const histogramOf: Record<HistogramSubject, (name: string) => MagnitudeHistogram> = {
    // As in a real run: what came or changed its shape has no update.
    update: (name) =>
      before[name]?.length === after[name]!.length
        ? histogram(indexed(after[name]), indexed(before[name]))
        : histogram([] as never),
    weight: (name) => histogram(indexed(after[name])),
    gradient: (name) => histogram(indexed(gradients[name])),
  };
  const columns = statistics.map((statistic) => [
    statistic,
    Float64Array.from(names, (name) => measured(statistic, name)),
  ]);
  return {
    columns: Object.fromEntries(columns),
    histograms: Object.fromEntries(histograms.map((subject) => [subject, names.map(histogramOf[subject])])),
  };
}
