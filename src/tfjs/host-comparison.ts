import type { Tensor } from '@tensorflow/tfjs-core';
import type { StepSums, UpdateSums } from '../parameters/kernels/kernel.js';
import { histogram, type Moments, moments } from '../parameters/kernels/on-request.js';
import type {
  Comparison,
  HistogramSubject,
  MagnitudeHistogram,
  Measure,
  Statistic,
  StatisticColumns,
} from '../parameters/statistics.js';
import { comparable, ratio } from './comparable.js';
import { hostValues } from './host-values.js';
import type { LiveParameter } from './live-parameters.js';
import type { SharedValues } from './snapshot.js';
import { type BeforeAndAfter, tensorPasses } from './tensor-passes.js';

const NOTHING: UpdateSums = {
  updateSquares: Number.NaN,
  weightSquares: Number.NaN,
  maxAbsUpdate: Number.NaN,
  unchanged: Number.NaN,
  nonFinite: Number.NaN,
};

const NO_MOMENTS: Moments = {
  updateAbs: Number.NaN,
  updateSum: Number.NaN,
  weightAbs: Number.NaN,
  weightSum: Number.NaN,
  updateDeviation: Number.NaN,
  weightDeviation: Number.NaN,
};

const NO_HISTOGRAM: MagnitudeHistogram = { zeros: 0, nonFinite: 0, firstExponent: 0, counts: [] };

/**
 * The change of a set of parameters since one moment. Each pass over the values is made when first asked for, and once:
 * the second subscriber of a step pays nothing.
 */
export class HostComparison {
  readonly #columns = new Map<Statistic, Float64Array>();
  readonly #histograms = new Map<HistogramSubject, readonly MagnitudeHistogram[]>();
  readonly #passes = tensorPasses();
  #sums: readonly UpdateSums[] | undefined;
  #moments: readonly Moments[] | undefined;

  constructor(
    private readonly parameters: readonly LiveParameter[],
    private readonly before: SharedValues,
    /** What is known already, by the names of the variables. */
    private readonly known: ReadonlyMap<string, StepSums> = new Map(),
  ) {}

  measure<S extends Statistic>({ statistics, histograms = [] }: Measure<S>): Comparison<S> {
    const columns: Partial<Record<Statistic, Float64Array>> = {};
    for (const statistic of statistics) columns[statistic] = this.#column(statistic);
    return {
      columns: columns as StatisticColumns<S>,
      histograms: Object.fromEntries(histograms.map((subject) => [subject, this.#histogramsOf(subject)])),
    };
  }

  #column(statistic: Statistic): Float64Array {
    let column = this.#columns.get(statistic);
    if (!column) {
      column = this.#compute(statistic);
      this.#columns.set(statistic, column);
    }
    return column;
  }

  #compute(statistic: Statistic): Float64Array {
    switch (statistic) {
      case 'updateNorm':
        return this.#ofSums(({ updateSquares }) => Math.sqrt(updateSquares));
      case 'weightNorm':
        return this.#ofSums(({ weightSquares }) => Math.sqrt(weightSquares));
      case 'updateRatio':
        return this.#ofSums(({ updateSquares, weightSquares }) =>
          ratio(Math.sqrt(updateSquares), Math.sqrt(weightSquares)),
        );
      case 'maxAbsUpdate':
        return this.#ofSums(({ maxAbsUpdate }) => maxAbsUpdate);
      case 'unchanged':
        return this.#ofSums(({ unchanged }, size) => (size === 0 ? 1 : unchanged / size));
      case 'nonFinite':
        return this.#ofSums(({ nonFinite }) => nonFinite);
      case 'gradientNorm':
        return this.#gradientNorms();
      case 'meanAbsRatio':
        return this.#ofMoments(({ updateAbs, weightAbs }) => ratio(updateAbs, weightAbs));
      case 'stdRatio':
        return this.#ofMoments(({ updateDeviation, weightDeviation }) =>
          ratio(Math.sqrt(updateDeviation), Math.sqrt(weightDeviation)),
        );
    }
  }

  #ofSums(value: (sums: UpdateSums, size: number) => number): Float64Array {
    this.#sums ??= this.#measureSums();
    return columnOf(this.#sums, (sums, i) => value(sums, this.parameters[i]!.variable.size));
  }

  #measureSums(): readonly UpdateSums[] {
    const pairs = this.parameters.map(({ name, variable }): BeforeAndAfter | undefined => {
      const before = this.before.get(name);
      return comparable(before, variable) ? [before, variable] : undefined;
    });
    return completed(
      this.parameters.map(({ variable }, i) => (pairs[i] ? this.known.get(variable.name) : NOTHING)),
      (missing) => this.#passes.updates(missing.map((i) => pairs[i]!)),
    );
  }

  #gradientNorms(): Float64Array {
    const squares = completed(
      this.parameters.map(({ variable, gradient }) => (gradient ? this.known.get(variable.name)?.gradientSquares : 0)),
      (missing) => this.#passes.squares(missing.map((i) => this.parameters[i]!.gradient!)),
    );
    return columnOf(squares, Math.sqrt);
  }

  #ofMoments(value: (moments: Moments) => number): Float64Array {
    this.#moments ??= this.#pairs((before, after) => moments(hostValues(before), hostValues(after)), NO_MOMENTS);
    return columnOf(this.#moments, value);
  }

  #histogramsOf(subject: HistogramSubject): readonly MagnitudeHistogram[] {
    let histograms = this.#histograms.get(subject);
    if (!histograms) {
      histograms = this.#countMagnitudes(subject);
      this.#histograms.set(subject, histograms);
    }
    return histograms;
  }

  #countMagnitudes(subject: HistogramSubject): readonly MagnitudeHistogram[] {
    switch (subject) {
      case 'update':
        return this.#pairs((before, after) => histogram(hostValues(after), hostValues(before)), NO_HISTOGRAM);
      case 'weight':
        return this.parameters.map(({ variable }) =>
          variable.isDisposed ? NO_HISTOGRAM : histogram(hostValues(variable)),
        );
      case 'gradient':
        return this.parameters.map(({ gradient }) => (gradient ? histogram(hostValues(gradient)) : NO_HISTOGRAM));
    }
  }

  #pairs<T>(pass: (before: Tensor, after: Tensor) => T, otherwise: T): readonly T[] {
    return this.parameters.map(({ name, variable }) => {
      const before = this.before.get(name);
      return comparable(before, variable) ? pass(before, variable) : otherwise;
    });
  }
}

/** What is known, and the rest as measured, all in one pass: `measure` is told where it is missing. */
function completed<T>(known: (T | undefined)[], measure: (missing: readonly number[]) => readonly T[]): readonly T[] {
  const missing = known.flatMap((value, i) => (value === undefined ? [i] : []));
  if (missing.length === 0) return known as T[];
  const measured = measure(missing);
  missing.forEach((i, j) => {
    known[i] = measured[j];
  });
  return known as T[];
}

/** `Float64Array.from` goes by iterators, which cost more than a small parameter's whole pass. */
function columnOf<T>(rows: readonly T[], value: (row: T, index: number) => number): Float64Array {
  const column = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) column[i] = value(rows[i]!, i);
  return column;
}
